import { stepIdOf, threadOf } from '../contracts/ids.ts';
import type { Queryable } from '../store/database.ts';
import { postedMessage, putMessage, retireMessage } from '../store/outbox.ts';
import { openModelStep, type StepRef } from '../store/steps.ts';
import type { TurnRef } from '../store/turn-fence.ts';
import type { ModelError } from './errors.ts';

/** What failed attempts of a model step have cost, the pause that follows included. Milliseconds. */
export interface Delay {
  readonly lostMs: number;
  readonly pauseMs: number;
  /** People read an answer grow until its stream ended early. Only the pause is a wait then. */
  readonly brokeOff?: boolean;
}

/** Stands there where Slack lets nobody delete. */
const OVER = 'The wait for the language model is over.';

/** Below this the thread's live line is enough. */
const TOLD_AFTER_MS = 30_000;

/**
 * Tells the thread that the model keeps its turn waiting, and why. Each wait has one message: later attempts change it, which
 * notifies nobody. Call it with the turn held.
 *
 * Why it never outlives the wait, also when two attempts overlap:
 * 1. Attempt A fails and freezes before it writes. Attempt B gets an answer, and the wait is over.
 * 2. A wakes up and takes the lock of the session. Under it A looks whether the turn runs and its step is still open.
 * 3. The step was closed in the transaction that took the message away, so A finds it closed and writes nothing. The end of a turn
 *    takes the message away under the same lock.
 * Therefore no message of a wait is written after the wait.
 *
 * @example
 * await tellWait(db, { session, turn: 1, step: 3 }, error, { lostMs: 41_000, pauseMs: 40_000 });
 */
export async function tellWait(db: Queryable, ref: StepRef, error: ModelError, delay: Delay): Promise<void> {
  const { brokeOff = false } = delay;
  const lostMs = brokeOff ? delay.pauseMs : delay.lostMs;
  if (lostMs <= TOLD_AFTER_MS || (await openModelStep(db, ref)) !== ref.step) return;
  const body = {
    kind: 'notice',
    text: `${reasonFor(error, brokeOff)}${whatFollows(error, { ...delay, lostMs })}`,
  } as const;
  await putMessage(db, { key: keyOf(ref), ...threadOf(ref.session), body, final: false });
}

/** Takes the message of a wait out of the thread. Call it with the turn held, where the step is closed or the turn ends. */
export async function endWait(db: Queryable, ref: StepRef): Promise<void> {
  const target = { key: keyOf(ref), ...threadOf(ref.session) };
  if ((await postedMessage(db, target.key)) !== null) await retireMessage(db, target, OVER);
}

/** Does the same for the step that a turn leaves open at its end. */
export async function endOpenWait(db: Queryable, turn: TurnRef): Promise<void> {
  const step = await openModelStep(db, turn);
  if (step !== null) await endWait(db, { ...turn, step });
}

function keyOf({ session, turn, step }: StepRef): string {
  return `${stepIdOf(session, turn, step)}/wait`;
}

function reasonFor({ code, status, message }: ModelError, brokeOff: boolean): string {
  if (code === 'ModelRateLimited') return 'The language model is over its rate limit';
  // Inside a stream it has no status.
  if (status === 529 || status === 503 || /overloaded/i.test(message)) return 'The language model is overloaded';
  if (status !== null) return "The language model's service has a fault";
  return brokeOff ? 'The connection to the language model broke off' : 'The language model does not answer';
}

function whatFollows({ retryAfterMs }: ModelError, { lostMs, pauseMs }: Delay): string {
  const asked = retryAfterMs !== null && retryAfterMs >= pauseMs ? ' and asked me to wait' : '';
  const waitedMs = lostMs - pauseMs;
  const soFar = waitedMs > TOLD_AFTER_MS ? `I have waited for ${inWords(waitedMs)} so far and` : 'I';
  return `${asked}. ${soFar} try again in ${inWords(pauseMs)}; nothing is lost.`;
}

function inWords(ms: number): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
