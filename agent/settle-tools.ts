import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { endOpenToolSteps, type ToolEnd } from '../store/steps.ts';
import { noteStop } from '../store/transcript.ts';
import { estimateTokens } from './tokens.ts';
import { OVER_LIMIT_CUT, OVER_LIMIT_NOT_RUN, stoppedOutcome, UNKNOWN_OUTCOME } from './transcript/outcomes.ts';

export type SettleReason =
  /** `by` is a Slack user id, null when nobody is known. */
  | { readonly reason: 'stopped'; readonly by: string | null }
  | { readonly reason: 'limit' }
  | { readonly reason: 'unknown' };

/**
 * Gives every tool call of this and earlier turns that has no result one, and notes a stop in the transcript. Run it in a transaction. Repeating it
 * changes nothing.
 *
 * @returns how many there were
 */
export async function settleOpenTools(
  db: Queryable,
  session: SessionId,
  turn: number,
  why: SettleReason,
): Promise<number> {
  const state = why.reason === 'unknown' ? 'unknown' : 'stopped';
  const ended = await endOpenToolSteps(db, session, turn, (begun) => ({ ...failedEnd(textFor(why, begun)), state }));
  if (why.reason === 'stopped') await noteStop(db, session, turn, why.by ?? 'unknown');
  return ended;
}

function textFor(why: SettleReason, begun: boolean): string {
  switch (why.reason) {
    case 'stopped':
      return stoppedOutcome(why.by);
    case 'limit':
      return begun ? OVER_LIMIT_CUT : OVER_LIMIT_NOT_RUN;
    case 'unknown':
      return UNKNOWN_OUTCOME;
  }
}

/** The end of a tool call of which there is nothing to keep but a sentence. */
export function failedEnd(text: string): ToolEnd {
  return { state: 'failed', exitCode: null, truncated: false, output: null, text, tokens: estimateTokens(text) };
}
