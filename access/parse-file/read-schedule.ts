import type { FileSchedule } from '../access-file.ts';
import { cronProblem, type DoubtfulRun, doubtfulRuns, nextRuns } from '../schedule-times.ts';
import { openTimeZone } from '../time-zone.ts';
import { type FileProblem, fieldOf } from './problem.ts';
import { isChannelRef } from './read-root.ts';
import type { YamlText } from './read-yaml.ts';
import type { ScheduleEntry } from './schemas.ts';

export interface ReadSchedule {
  readonly schedule: FileSchedule;
  readonly problems: readonly FileProblem[];
  readonly warnings: readonly FileProblem[];
}

const AT = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})$/;

/** Checks a schedule's channel, time zone and times. Times are local times of its time zone. */
export function readSchedule(name: string, entry: ScheduleEntry, text: YamlText, now: Date): ReadSchedule {
  const problems: FileProblem[] = [];
  const warnings: FileProblem[] = [];
  const place = (key: string) => {
    const path = ['schedules', name, key];
    return { line: text.lineOf(path), field: fieldOf(path) };
  };
  const when = entry.at === undefined ? 'cron' : 'at';
  const cron = entry.at === undefined ? (entry.cron ?? '').trim().split(/\s+/).join(' ') : cronOf(entry.at);
  const zone = openTimeZone(entry.timezone);

  if (!isChannelRef(entry.channel)) {
    problems.push({ ...place('channel'), message: 'must be a channel: "#platform-eng", or its id' });
  }
  if (!zone) {
    const message = `${JSON.stringify(entry.timezone)} is no time zone: write one such as Europe/Berlin or UTC`;
    problems.push({ ...place('timezone'), message });
  }
  const wrong = cron === null ? 'is no date and time, such as 2026-12-24T09:00' : cronProblem(cron);
  if (wrong) problems.push({ ...place(when), message: wrong });

  if (zone && cron !== null && !wrong) {
    if (nextRuns(cron, zone, now, 1).length === 0) {
      problems.push({ ...place(when), message: 'never happens: there is no such time in the future' });
    }
    for (const run of doubtfulRuns(cron, zone, now)) {
      warnings.push({ ...place(when), message: doubt(run, zone.name) });
    }
  }
  const schedule: FileSchedule = {
    name,
    channel: { text: entry.channel, ...place('channel') },
    cron: cron ?? '',
    timezone: entry.timezone,
    prompt: entry.prompt,
    paused: entry.paused ?? null,
  };
  return { schedule, problems, warnings };
}

/** Writes a single run as a cron expression with a year, which is the form in which Temporal keeps it. */
function cronOf(at: string): string | null {
  const [, year, month, day, hour, minute] = (AT.exec(at) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  if (hour === undefined || minute === undefined || hour > 23 || minute > 59) return null;
  const date = new Date(Date.UTC(year, month - 1, day));
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return `${minute} ${hour} ${day} ${month} * ${year}`;
}

function doubt({ wall, change }: DoubtfulRun, zone: string): string {
  const [from, until] = [clockOf(change.from), clockOf(change.until)];
  return change.kind === 'skipped'
    ? `the run of ${shown(wall)} does not happen: the clock in ${zone} goes from ${from} to ${until} that day`
    : `the run of ${shown(wall)} may happen twice: the clock in ${zone} goes back from ${until} to ${from} that day`;
}

function shown(wall: Date): string {
  return wall.toISOString().slice(0, 16).replace('T', ' ');
}

function clockOf(wall: number): string {
  return new Date(wall).toISOString().slice(11, 16);
}
