import pc from 'picocolors';
import { formatProblem } from '../../access/parse-file/problem.ts';
import type { DesiredSchedule } from '../../access/resolve-file.ts';
import { nextRuns } from '../../access/schedule-times.ts';
import { openTimeZone } from '../../access/time-zone.ts';
import type { ApplyResult } from './apply-file.ts';
import type { CredentialOutcome } from './seal-connections.ts';

const SIGNS = { added: pc.green('+'), changed: pc.yellow('~'), removed: pc.red('-') } as const;

/** The output of `bellhop apply`. */
export function applyText(result: ApplyResult, now: Date): string {
  const { file, dryRun, version, changed, changes, credentials, schedules, warnings } = result;
  const head = changed
    ? `${dryRun ? 'Would apply' : 'Applied'} ${file} as policy ${version}.`
    : `${file} is in force already, as policy ${version}.`;
  return [
    head,
    ...changes.map((each) => `  ${SIGNS[each.change]} ${changeWords(each)}`),
    ...credentials.map(credentialText),
    ...schedules.map((schedule) => `    ${schedule.name}: ${runsText(schedule, now)}`),
    ...warnings.map((warning) => `  ${pc.yellow('warning:')} ${formatProblem(file, warning)}`),
  ].join('\n');
}

/** A change in words. A connection that goes takes its stored credential along. */
export function changeWords({ change, kind, name }: ApplyResult['changes'][number]): string {
  return `${kind} ${name}${change === 'removed' && kind === 'connection' ? ', and the credential that is stored for it' : ''}`;
}

function credentialText({ connection, credential, note, source }: CredentialOutcome): string {
  switch (credential) {
    case 'sealed':
      return `  ${pc.green('+')} credential of ${connection}, sealed anew`;
    case 'kept':
      // Most people apply without the environment of the one who entered the secret. A file or a program is expected to be there.
      if (source === 'file' || source === 'command')
        return `  ${pc.yellow('warning:')} no new credential of ${connection}: ${note}; the stored one stays in use`;
      return pc.dim(`    credential of ${connection}: the stored one stays in use (no new one was given: ${note})`);
    case 'missing':
      return `  ${pc.yellow('warning:')} ${connection} has no credential (${note}): ./bellhop credentials set ${connection}`;
  }
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
