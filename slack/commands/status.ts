import type { ThreadStatus } from '../../store/thread-status.ts';
import { elapsed } from '../rendering/elapsed.ts';

/** The answer to `status`. */
export function statusText(status: ThreadStatus | null, now: Date): string {
  if (!status) return 'I am not working in this thread. Tell me what you want done; in a channel, mention me for it.';
  const lines = [workLine(status, now)];
  if (status.waiting > 0)
    lines.push(`${status.waiting} ${status.waiting === 1 ? 'message waits' : 'messages wait'} for me.`);
  if (status.muted) lines.push('I am muted here: I answer when I am mentioned.');
  if (status.model !== null) lines.push(`The model ${status.model} was chosen for this thread.`);
  return lines.join('\n');
}

function workLine({ state, turn, step }: ThreadStatus, now: Date): string {
  if (turn) {
    const since = elapsed(now.getTime() - turn.startedAt.getTime());
    const what = step
      ? `step ${step.number}, ${step.kind === 'tool' ? `tool ${step.tool}` : 'thinking'}`
      : 'getting ready';
    const others = turn.steeredBy.length > 0 ? `, steered by ${turn.steeredBy.join(', ')}` : '';
    return `Working on turn ${turn.number} for ${since}: ${what}. Asked by ${turn.requester}${others}.`;
  }
  switch (state) {
    case 'closed':
      return 'Resting; my sandbox here is put away, my files are kept. A new message wakes me.';
    case 'paused':
      return 'Resting; my sandbox here is paused. A new message wakes me.';
    default:
      return 'Nothing is running here. A new message starts the next turn.';
  }
}
