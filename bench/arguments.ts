import { parseArgs } from 'node:util';

export interface BenchArguments {
  /** Empty: all. */
  readonly only: readonly string[];
  readonly rounds: number | null;
  readonly json: string | null;
  readonly help: boolean;
}

export const usage = (command: string): string => `${command} -- [options]

  --only NAME    measure only this; may be given several times
  --rounds N     rounds of each measurement, instead of its own number
  --json FILE    where the figures go (default: a new file in bench/results)
  --help         this
`;

/** Throws with words for people. */
export function readArguments(args: readonly string[], names: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = values.only.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there is ${names.join(', ')}`);
  const rounds = values.rounds === undefined ? null : Number(values.rounds);
  if (rounds !== null && !(Number.isInteger(rounds) && rounds > 0)) throw new Error('--rounds: a whole number from 1');
  return { only: values.only, rounds, json: values.json ?? null, help: values.help };
}
