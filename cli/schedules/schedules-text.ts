import { columns } from '../../access/columns.ts';
import type { ListedSchedule } from './list-with-runs.ts';

/** The output of `bellhop schedules list`. Times are in each schedule's own time zone. */
export function schedulesText(schedules: readonly ListedSchedule[]): string {
  if (schedules.length === 0) return 'No schedules. They are written in bellhop.yaml under `schedules:`.';
  return columns(
    schedules.flatMap((schedule) => [
      [schedule.name, schedule.place, `${schedule.cron} (${schedule.timezone})`, schedule.paused ? 'paused' : ''],
      ['', '', `next: ${nextText(schedule)}`],
    ]),
  );
}

function nextText({ next, paused, timezone }: ListedSchedule): string {
  if (paused) return 'none while it is paused';
  if (next === null) return 'not known: Temporal does not answer, or does not have it yet';
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: timezone });
  const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', timeZone: timezone });
  return next.map((date) => `${weekday.format(date)} ${format.format(date)}`).join('; ') || 'none: its time is past';
}
