import { Cron } from 'croner';
import { type ClockChange, clockChanges, type TimeZone } from './time-zone.ts';

/**
 * When a schedule fires, as Temporal counts it: its cron fields are matched against the clock on the wall of its time
 * zone, day of month and weekday together, and a time that a clock change skips is not made up for.
 */

const YEAR = 366 * 24 * 3_600_000;
const NAMES = /^(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)$/i;

/** Why a text is no cron expression of Bellhop's, or null. */
export function cronProblem(cron: string): string | null {
  const fields = cron.trim().split(/\s+/);
  if (fields.length !== 5 && fields.length !== 6) {
    return 'must have five fields: minute, hour, day of month, month and weekday; or six with a year at the end';
  }
  const words = fields.flatMap((field) => field.split(/[^A-Za-z]+/)).filter((word) => word !== '');
  if (!fields.every((field) => /^[0-9A-Za-z*,/-]+$/.test(field)) || !words.every((word) => NAMES.test(word))) {
    return 'may hold numbers, names such as MON or JAN, and * , - / only';
  }
  if (fields[2] !== '*' && fields[4] !== '*') {
    return 'restricts the day of month and the weekday: cron programs disagree on what that means; keep one of them';
  }
  try {
    wallClock(cron);
    return null;
  } catch (error) {
    return `is no cron expression: ${(error as Error).message.replace(/^CronPattern: /, '')}`;
  }
}

/**
 * The next runs after an instant, at most `count`. Empty for a schedule whose times are all past. Of a time that the
 * clock shows twice the first is told; a server of Temporal may take the second, or both.
 */
export function nextRuns(cron: string, zone: TimeZone, after: Date, count: number): Date[] {
  const clock = wallClock(cron);
  const runs: Date[] = [];
  // A day earlier, lest a repeated hour be missed.
  let wall: Date | null = new Date(zone.wallAt(after.getTime()) - YEAR / 366);
  while (runs.length < count) {
    wall = clock.nextRun(wall);
    if (wall === null) break;
    const instant = zone.instantsOf(wall.getTime())[0];
    if (instant !== undefined && instant > after.getTime()) runs.push(new Date(instant));
  }
  return runs;
}

export interface DoubtfulRun {
  /** What the clock shows. */
  readonly wall: Date;
  readonly change: ClockChange;
}

/** The first run within a year of each kind that falls into a clock change: it does not happen, or may happen twice. */
export function doubtfulRuns(cron: string, zone: TimeZone, after: Date): DoubtfulRun[] {
  const clock = wallClock(cron);
  const runs = clockChanges(zone, after.getTime(), after.getTime() + YEAR).flatMap((change) => {
    const wall = clock.nextRun(new Date(change.from - 1000));
    return wall !== null && wall.getTime() < change.until ? [{ wall, change }] : [];
  });
  return runs.filter(({ change }, index) => runs.findIndex((run) => run.change.kind === change.kind) === index);
}

/** The expression over wall-clock times, which have no clock changes: croner counts them as UTC. */
function wallClock(cron: string): Cron {
  const fields = cron.trim().split(/\s+/);
  const pattern = fields.length === 6 ? `0 ${fields.join(' ')}` : fields.join(' ');
  return new Cron(pattern, { timezone: 'UTC', paused: true, domAndDow: true });
}
