import { InvalidArgumentError } from 'commander';

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LONGEST_MS = 30 * UNITS.d;

/**
 * Reads a time such as `30s`, `10m`, `12h` or `7d`, at most 30 days, in milliseconds.
 * @throws InvalidArgumentError
 */
export function duration(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(number) * UNITS[unit as keyof typeof UNITS];
  if (number === '' || ms > LONGEST_MS)
    throw new InvalidArgumentError('It must be a time such as 30s, 10m, 12h or 7d, at most 30d.');
  return ms;
}
