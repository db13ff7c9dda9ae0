import { columns } from '../access/columns.ts';
import type { DescribedModel } from '../access/models/describe-models.ts';
import type { ToolsState } from '../contracts/setup-state.ts';
import type { Overview, QueueOverview, RunnerOverview, ThreadOverview } from '../store/overview.ts';
import { RUNNER_DEAD_AFTER_SECONDS } from '../store/runners.ts';

interface StatusMore {
  readonly tools?: ToolsState | null;
  /** Channels that match a pattern of the access file and are not confirmed. */
  readonly waiting?: number;
  /** Those of the access file. */
  readonly models?: readonly DescribedModel[];
}

/** The output of `bellhop status`. */
export function statusText(
  { threads, runners, places, inbox, outbox, tools = null, waiting = 0, models = [] }: Overview & StatusMore,
  now: Date,
): string {
  const sections = [
    `Threads${threads.length === 0 ? ': none yet' : ''}`,
    columns(
      threads.map((thread) => threadRow(thread, now)),
      '  ',
    ),
    `Runners${runners.length === 0 ? ': none has said that it lives' : ''}`,
    runnersText(runners),
    toolsText(tools, now),
    modelsText(models),
    `Places  ${queueWords({ ...places, failed: 0 }, 'in line for a sandbox')}`,
    `Inbox   ${queueWords(inbox, 'not yet with its session')}`,
    `Outbox  ${queueWords(outbox, 'not yet in Slack')}`,
    waiting === 0 ? '' : `Access  ${waiting} waiting to be confirmed for a pattern: bellhop channels list --waiting`,
  ];
  return sections.filter((section) => section !== '').join('\n');
}

/** The larger sandbox image, while it is not there and somebody works on it. */
function toolsText(tools: ToolsState | null, now: Date): string {
  if (tools?.state !== 'building' && tools?.state !== 'failed') return '';
  const ago = duration((now.getTime() - Date.parse(tools.since)) / 1000);
  if (tools.state === 'building') return `Tools   being built for ${ago}: ${tools.detail}; new sandboxes have the base`;
  const lines = tools.detail.split('\n').map((line) => `  ${line}`);
  return [
    `Tools   not built; tried again at ${tools.again ?? 'the next start'}; new sandboxes have the base`,
    ...lines,
  ].join('\n');
}

function modelsText(models: readonly DescribedModel[]): string {
  if (models.length === 0) return '';
  const rows = models.map(({ name, what, where }) => [name, what, where || 'used nowhere']);
  return `Models\n${columns(rows, '  ')}`;
}

/** One line for each runner. Empty when there is none. */
export function runnersText(runners: readonly RunnerOverview[]): string {
  return columns(runners.map(runnerRow), '  ');
}

function threadRow(thread: ThreadOverview, now: Date): string[] {
  const { place, state, turn, turnState, failure, requester, steeredBy, startedAt, steps, session } = thread;
  const began = startedAt ? `${duration((now.getTime() - startedAt.getTime()) / 1000)} ago` : '';
  const work =
    turn === null
      ? 'no turn yet'
      : `turn ${turn} ${turnState}${failure ? `: ${failure}` : ''} (${steps === 1 ? '1 step' : `${steps} steps`})`;
  return [place, state, work, [requester ?? '', ...steeredBy].join(', '), began, session];
}

function runnerRow({
  id,
  runtime,
  capacity,
  sandboxes,
  working,
  lacks,
  draining,
  tools,
  silentFor,
}: RunnerOverview): string[] {
  const alive = silentFor < RUNNER_DEAD_AFTER_SECONDS ? 'alive' : `silent for ${duration(silentFor)}`;
  const notes = [draining ? 'draining' : '', lacks.length > 0 ? `not ready: lacks ${lacks.join(', ')}` : '']
    .filter(Boolean)
    .join(', ');
  return [id, alive, `${sandboxes} of ${capacity} sandboxes, ${working} at work`, runtime, `${tools} tools`, notes];
}

function queueWords({ waiting, oldestFor, failed }: QueueOverview, where: string): string {
  const oldest = oldestFor === null ? '' : `, the oldest for ${duration(oldestFor)}`;
  const lost = failed === 0 ? '' : `; ${failed} given up in the last 24 hours`;
  return (waiting === 0 ? 'nothing waits' : `${waiting} ${where}${oldest}`) + lost;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
