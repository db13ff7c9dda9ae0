import type { ThreadStatus } from '../../store/thread-status.ts';
import { elapsed } from '../rendering/elapsed.ts';
import { cutText } from '../rendering/mrkdwn.ts';
import { planText, workingText } from '../rendering/working-words.ts';

const MOST_PLAN = 1_000;
const MOST_SAID = 80;

/** The answer to `status`: what the thread's live line says, and what that line has no room for. */
export function statusText(status: ThreadStatus | null, now: Date): string {
  if (!status) return 'I am not working in this thread. Tell me what you want done; in a channel, mention me for it.';
  const lines = [...workLines(status, now), ...waitingLines(status)];
  if (status.muted) lines.push('I am muted here: I answer when I am mentioned.');
  if (status.model !== null) lines.push(`The model ${status.model} was chosen for this thread.`);
  return lines.join('\n');
}

function workLines({ state, turn, working }: ThreadStatus, now: Date): string[] {
  if (!turn) return [restText(state)];
  const plan = cutText(planText(working?.plan ?? []), MOST_PLAN);
  const others = turn.steeredBy.length > 0 ? `, steered by ${turn.steeredBy.join(', ')}` : '';
  return [
    working
      ? workingText(working, now)
      : `Working · getting ready · ${elapsed(now.getTime() - turn.startedAt.getTime())}`,
    ...(plan === '' ? [] : [plan]),
    `Asked by ${turn.requester}${others}.`,
  ];
}

function restText(state: ThreadStatus['state']): string {
  switch (state) {
    case 'closed':
      return 'Resting; my sandbox here is put away, my files are kept. A new message wakes me.';
    case 'paused':
      return 'Resting; my sandbox here is paused. A new message wakes me.';
    default:
      return 'Nothing is running here. A new message starts the next turn.';
  }
}

function waitingLines({ turn, waiting, waitingFirst }: ThreadStatus): string[] {
  if (waiting === 0) return [];
  const what = waiting === 1 ? '1 message waits' : `${waiting} messages wait`;
  const said = waitingFirst.map(({ by, text }) => `• ${by}: ${cutText(text.replace(/\s+/g, ' ').trim(), MOST_SAID)}`);
  return [
    `${what} for me${turn ? ', and I read what waits with my next step' : ''}:`,
    ...said,
    ...(waiting > said.length ? [`• and ${waiting - said.length} more`] : []),
  ];
}
