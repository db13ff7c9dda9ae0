import { nextRuns } from '../../access/schedule-times.ts';
import { openTimeZone } from '../../access/time-zone.ts';
import type { ScheduleRow } from '../../store/schedules.ts';
import { cutText } from '../rendering/mrkdwn.ts';

const MOST_PROMPT = 150;
const RUNS_SHOWN = 3;

/** The answer to `schedules`, and a part of the Home tab. Times are in each schedule's own time zone. */
export function schedulesText(schedules: readonly (ScheduleRow & { readonly place?: string })[], now: Date): string {
  return schedules.map((schedule) => oneSchedule(schedule, now)).join('\n');
}

/** Said where there is none. */
export const NO_SCHEDULES = 'No schedules here. An administrator writes them in bellhop.yaml under `schedules`.';

function oneSchedule(
  { name, cron, timezone, prompt, paused, place }: ScheduleRow & { readonly place?: string },
  now: Date,
): string {
  const head = `• ${name}${place ? ` in ${place}` : ''}: ${cutText(prompt, MOST_PROMPT)}`;
  return `${head}\n    ${cron} (${timezone}), ${paused ? 'paused' : nextText(cron, timezone, now)}`;
}

function nextText(cron: string, timezone: string, now: Date): string {
  const zone = openTimeZone(timezone);
  const runs = zone ? nextRuns(cron, zone, now, RUNS_SHOWN) : [];
  if (runs.length === 0) return 'never again: its time is past';
  const format = new Intl.DateTimeFormat('en-GB', {
    ...{ weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: timezone },
  });
  return `next ${runs.map((run) => format.format(run)).join('; ')}`;
}
