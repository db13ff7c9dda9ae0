import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { endOpenToolSteps, type ToolEnd } from '../store/steps.ts';
import { noteStop } from '../store/transcript.ts';
import { estimateTokens } from './tokens.ts';
import {
  NEVER_STARTED,
  OVER_LIMIT_CUT,
  OVER_LIMIT_NOT_RUN,
  stoppedOutcome,
  UNKNOWN_OUTCOME,
} from './transcript/outcomes.ts';

export type SettleReason =
  /** `by` is a Slack user id, null when nobody is known. */
  | { readonly reason: 'stopped'; readonly by: string | null }
  | { readonly reason: 'limit' }
  | { readonly reason: 'unknown' };

/**
 * Gives every tool call of this and earlier turns that has no result one, and notes a stop in the transcript. Only a call
 * that may have had an effect is said to have an unknown outcome. Call it with the session locked. Repeating it changes
 * nothing.
 *
 * @returns how many there were
 */
export async function settleOpenTools(
  db: Queryable,
  session: SessionId,
  turn: number,
  why: SettleReason,
): Promise<number> {
  const ended = await endOpenToolSteps(db, session, turn, (mayHaveRun) => ({
    ...failedEnd(textFor(why, mayHaveRun)),
    state: why.reason === 'unknown' && mayHaveRun ? 'unknown' : 'stopped',
  }));
  if (why.reason === 'stopped') await noteStop(db, session, turn, why.by ?? 'unknown');
  return ended;
}

function textFor(why: SettleReason, mayHaveRun: boolean): string {
  switch (why.reason) {
    case 'stopped':
      return stoppedOutcome(why.by, mayHaveRun);
    case 'limit':
      return mayHaveRun ? OVER_LIMIT_CUT : OVER_LIMIT_NOT_RUN;
    case 'unknown':
      return mayHaveRun ? UNKNOWN_OUTCOME : NEVER_STARTED;
  }
}

/** Ends a tool call whose only result is a sentence. */
export function failedEnd(text: string): ToolEnd {
  return { state: 'failed', exitCode: null, truncated: false, output: null, text, tokens: estimateTokens(text) };
}
