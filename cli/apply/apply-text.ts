import pc from 'picocolors';
import { formatProblem } from '../../access/parse-file/problem.ts';
import type { DesiredSchedule } from '../../access/resolve-file.ts';
import { nextRuns } from '../../access/schedule-times.ts';
import { openTimeZone } from '../../access/time-zone.ts';
import type { ApplyResult } from './apply-file.ts';

const SIGNS = { added: pc.green('+'), changed: pc.yellow('~'), removed: pc.red('-') } as const;

/** What an `apply` did, for people. */
export function applyText(result: ApplyResult, now: Date): string {
  const { file, dryRun, version, changed, changes, credentials, schedules, warnings } = result;
  const head = changed
    ? `${dryRun ? 'Would apply' : 'Applied'} ${file} as policy ${version}.`
    : `${file} is in force already, as policy ${version}.`;
  return [
    head,
    ...changes.map(({ change, kind, name }) => `  ${SIGNS[change]} ${kind} ${name}`),
    ...credentials.map(({ connection, credential, note }) =>
      credential === 'sealed'
        ? `  ${pc.green('+')} credential of ${connection}, sealed anew`
        : pc.dim(`    credential of ${connection} kept as it is stored: ${note}`),
    ),
    ...schedules.map((schedule) => `    ${schedule.name}: ${runsText(schedule, now)}`),
    ...warnings.map((warning) => `  ${pc.yellow('warning:')} ${formatProblem(file, warning)}`),
  ].join('\n');
}

/** `next Mon 30 Nov 2026 09:00, … (Europe/Berlin)`. */
function runsText({ cron, timezone, paused }: DesiredSchedule, now: Date): string {
  const zone = openTimeZone(timezone);
  if (paused) return 'paused';
  if (!zone) return '';
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, dateStyle: 'medium', timeStyle: 'short' });
  const weekday = new Intl.DateTimeFormat('en-GB', { timeZone: timezone, weekday: 'short' });
  const runs = nextRuns(cron, zone, now, 3).map((run) => `${weekday.format(run)} ${format.format(run)}`);
  return `next ${runs.join('; ')} (${timezone})`;
}
