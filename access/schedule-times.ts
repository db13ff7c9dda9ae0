import { Cron } from 'croner';
import { type ClockChange, clockChanges, type TimeZone } from './time-zone.ts';

/**
 * The times at which a schedule fires, computed as Temporal does. Cron fields are compared with the local time of the
 * schedule's time zone. Day of month and weekday must both match. A time that a clock change skips does not happen.
 */

const YEAR = 366 * 24 * 3_600_000;
const NAMES = /^(?:JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT)$/i;

/** Why a text is not a cron expression that Bellhop accepts. Null when it is one. */
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
 * The next runs after an instant, at most `count`. Empty for a schedule whose times are all past. When the clock shows
 * a time twice, this returns the first; a Temporal server may fire at the second, or at both.
 */
export function nextRuns(cron: string, zone: TimeZone, after: Date, count: number): Date[] {
  const clock = wallClock(cron);
  const runs: Date[] = [];
  // Starts a day earlier, so that a repeated hour is not missed.
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
  /** The local time of the run. */
  readonly wall: Date;
  readonly change: ClockChange;
}

/** The first skipped run and the first run that may happen twice, within a year. Both come from clock changes. */
export function doubtfulRuns(cron: string, zone: TimeZone, after: Date): DoubtfulRun[] {
  const clock = wallClock(cron);
  const runs = clockChanges(zone, after.getTime(), after.getTime() + YEAR).flatMap((change) => {
    const wall = clock.nextRun(new Date(change.from - 1000));
    return wall !== null && wall.getTime() < change.until ? [{ wall, change }] : [];
  });
  return runs.filter(({ change }, index) => runs.findIndex((run) => run.change.kind === change.kind) === index);
}

/** The expression over local times. Local times have no clock changes here, so croner treats them as UTC. */
function wallClock(cron: string): Cron {
  const fields = cron.trim().split(/\s+/);
  const pattern = fields.length === 6 ? `0 ${fields.join(' ')}` : fields.join(' ');
  return new Cron(pattern, { timezone: 'UTC', paused: true, domAndDow: true });
}
