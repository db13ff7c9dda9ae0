import type { FailureType } from '../contracts/failures.ts';
import type { Database, Queryable } from '../store/database.ts';
import { type StepRef, setTrouble, troubleOf } from '../store/steps.ts';
import { inTurn } from '../store/turn-fence.ts';
import { failure, messageOf } from './failure.ts';

/** How long one cause may keep a step from succeeding, and how its attempts are spaced. Milliseconds. */
export interface RetryBudget {
  /** Names the cause in the step's trouble. Several failure types may share one budget. */
  readonly cause: string;
  /** The time of failed attempts and of the pauses after them, all together, may reach this. */
  readonly windowMs: number;
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export interface FailedAttempt {
  readonly type: FailureType;
  readonly error: unknown;
  readonly tookMs: number;
  /** It got somewhere before it failed: the pauses begin anew. @default false */
  readonly progressed?: boolean;
  /** What the service asked to wait, if it asked. */
  readonly askedMs?: number | null;
  /** Called before a pause, in the same transaction. `lostMs` is what the cause has cost so far, this pause included. */
  readonly onPause?: (db: Queryable, delay: { readonly lostMs: number; readonly pauseMs: number }) => Promise<void>;
}

/**
 * Takes one failed attempt out of its cause's budget and returns the failure to throw: one that is tried again after the
 * right pause, or the final one that names the cause.
 *
 * The sum is kept with the step in PostgreSQL, so it survives the worker. Only what this cause took is counted: time in
 * which the database or Temporal was away is not, and neither are attempts that failed for another cause. The pause
 * doubles with each try of the same cause; it begins anew after progress and with the next step.
 *
 * @example
 * The model fails at 0 s and 1 s, the database is away from 2 s to 300 s, and the model fails again: it has used up its
 * own few seconds of ten minutes, and the next pause is 4 s.
 */
export async function spendRetry(
  database: Database,
  ref: StepRef,
  { cause, windowMs, firstPauseMs, longestPauseMs }: RetryBudget,
  { type, error, tookMs, progressed, askedMs, onPause }: FailedAttempt,
): Promise<Error> {
  return inTurn(database, ref, async (db) => {
    const trouble = await troubleOf(db, ref);
    const before = trouble[cause] ?? { tries: 0, inRow: 0, ms: 0 };
    const inRow = progressed ? 1 : before.inRow + 1;
    const pause = Math.max(Math.min(longestPauseMs, firstPauseMs * 2 ** (inRow - 1)), askedMs ?? 0);
    const ms = Math.round(before.ms + tookMs + pause);
    await setTrouble(db, ref, { ...trouble, [cause]: { tries: before.tries + 1, inRow, ms } });
    const final = ms > windowMs;
    if (!final) await onPause?.(db, { lostMs: ms, pauseMs: pause });
    return failure(type, messageOf(error), { cause: error, final, ...(!final && { retryAfterMs: pause }) });
  });
}
