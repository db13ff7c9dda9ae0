/**
 * Local times and instants. An instant is milliseconds since the epoch. A local ("wall") time is the number of
 * milliseconds that `Date.UTC` gives for its digits, so that local times can be added and compared.
 */

export interface TimeZone {
  readonly name: string;
  /** The local time at an instant. */
  wallAt(instant: number): number;
  /** The instants at which the clock shows this local time: none when it is skipped, two when it is repeated. */
  instantsOf(wall: number): number[];
}

/** A range of local times that a clock change skips, or that the clock shows twice. */
export interface ClockChange {
  readonly kind: 'skipped' | 'repeated';
  readonly from: number;
  readonly until: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Null for a name that is not in the IANA database. Offsets such as `+02:00` are not in it; they have no summer time.
 */
export function openTimeZone(name: string): TimeZone | null {
  if (!/^[A-Za-z]/.test(name)) return null;
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    return null;
  }
  const wallAt = (instant: number): number => {
    const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
  return {
    name,
    wallAt,
    instantsOf(wall) {
      // No zone is more than a day away from UTC, and none changes its clock twice within two days.
      const offsets = new Set([wall - DAY, wall + DAY].map((near) => wallAt(near) - near));
      return [...offsets]
        .map((offset) => wall - offset)
        .filter((instant) => wallAt(instant) === wall)
        .sort((a, b) => a - b);
    },
  };
}

/** The clock changes between two instants, in order. */
export function clockChanges(zone: TimeZone, from: number, until: number): ClockChange[] {
  const offsetAt = (instant: number): number => zone.wallAt(instant) - instant;
  const changes: ClockChange[] = [];
  for (let day = Math.floor(from / HOUR) * HOUR; day < until; day += DAY) {
    const before = offsetAt(day);
    if (offsetAt(day + DAY) === before) continue;
    // Clock changes happen at full quarters of an hour.
    let change = day;
    while (offsetAt(change) === before) change += HOUR / 4;
    const old = change + before;
    const now = zone.wallAt(change);
    changes.push({ kind: now > old ? 'skipped' : 'repeated', from: Math.min(old, now), until: Math.max(old, now) });
  }
  return changes;
}
