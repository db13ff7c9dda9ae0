import { setTimeout as delay } from 'node:timers/promises';
import { stepIdOf } from '../contracts/ids.ts';
import { type Answer, type AskedQuestion, MOST_WAITED_MS, type Question } from '../contracts/questions.ts';
import type { Database, Queryable } from '../store/database.ts';
import {
  answerTo,
  askQuestion,
  lookAtQuestion,
  type QuestionNow,
  type StoredQuestion,
  withdrawQuestion,
} from '../store/questions.ts';
import type { StepRef } from '../store/steps.ts';
import { inTurn } from '../store/turn-fence.ts';
import { getTurn } from '../store/turns.ts';

/** Ends an attempt of a tool that waits for a person. The step stays open, and is run again when there is an answer. */
export class WaitsForPerson extends Error {
  override readonly name = 'WaitsForPerson';
  /** Milliseconds until the question is closed at the latest. */
  readonly leftMs: number;
  constructor(leftMs: number) {
    super('a person is asked');
    this.leftMs = leftMs;
  }
}

/** How soon an answer is found by a call that goes on while it waits. */
const LOOK_EVERY_MS = 1_000;

/**
 * Asks a person, in an attempt of a tool that has had no effect yet. The first attempt shows the card and ends here by throwing; the
 * workflow waits, which holds no worker and outlives them all, and then runs the tool once more from its beginning. That attempt finds
 * the answer. Therefore a tool asks before it begins anything, and asks the same question under the same name.
 *
 * @example
 *   // In a tool with `beginsItself`:
 *   async run(context, { title }, signal) {
 *     const answer = await context.ask({
 *       name: 'approve',
 *       text: `The agent wants to create the issue ${title}.`,
 *       about: 'Creating an issue',
 *       answerer: 'requester',
 *       choices: [{ id: 'yes', label: 'Approve', style: 'primary' }, { id: 'no', label: 'Deny' }],
 *       shown: 'thread',
 *     });
 *     if (answer.state !== 'answered' || answer.choice !== 'yes') return said('Nobody has approved it.', true);
 *     await context.begin();
 *     …
 *   }
 *
 * @throws WaitsForPerson while the question is open
 * @throws StoreError when the turn is over
 */
export async function askPerson(database: Database, ref: StepRef, question: Question): Promise<Answer> {
  const asked = await ask(database, ref, question);
  if (asked === null) return { state: 'nobody' };
  const answer = answerTo(asked);
  if (answer) return answer;
  if (asked.leftMs <= 0) return { state: 'expired' };
  throw new WaitsForPerson(asked.leftMs);
}

/**
 * The same for a call that is under way and cannot be begun anew, such as the elicitation of an MCP server. It looks at the question
 * until it is closed, so it holds the worker's slot. When `ended` aborts first, nothing waits for the answer any more, and the card is
 * withdrawn.
 *
 * @example
 *   const answer = await context.askMeanwhile({ …question, choices: [{ id: 'fill', label: 'Answer', form }, { id: 'no', label: 'Decline' }] }, signal);
 *   return answer.state === 'answered' && answer.choice === 'fill' ? { action: 'accept', content: answer.given } : { action: 'decline' };
 *
 * @throws the reason of the signal when that aborts, as at a stop
 */
export async function askMeanwhile(
  database: Database,
  ref: StepRef,
  question: Question,
  signal: AbortSignal,
  ended?: AbortSignal,
): Promise<Answer> {
  signal.throwIfAborted();
  if (ended?.aborted) return { state: 'withdrawn' };
  const asked = await ask(database, ref, question);
  if (asked === null) return { state: 'nobody' };
  const until = ended ? AbortSignal.any([signal, ended]) : signal;
  let now: QuestionNow | null = asked;
  for (;;) {
    const answer = now === null ? { state: 'withdrawn' as const } : answerTo(now);
    if (answer) return answer;
    if (now !== null && now.leftMs <= 0) return { state: 'expired' };
    await delay(LOOK_EVERY_MS, undefined, { signal: until }).catch(() => {});
    // A stop ends the turn, which withdraws its questions. An attempt that only moves finds its question again.
    signal.throwIfAborted();
    if (ended?.aborted) {
      await withdrawQuestion(database, asked);
      return { state: 'withdrawn' };
    }
    now = await lookAtQuestion(database, asked.id);
    // What was entered is forgotten at the end of the turn. Therefore an answer is read once more while the turn is held.
    if (now !== null && now.state !== 'open') now = await inTurn(database, ref, (db) => lookAtQuestion(db, asked.id));
  }
}

/** Null when the question is put to the requester, and no person began the turn. */
async function ask(database: Database, ref: StepRef, question: Question): Promise<StoredQuestion | null> {
  const { session, turn, step } = ref;
  return inTurn(database, ref, async (db) => {
    const answerer = await answererOf(db, ref, question);
    if (answerer === null) return null;
    const { withinMs, ...rest } = question;
    const key = `${stepIdOf(session, turn, step)}/question/${question.name}`;
    return askQuestion(db, { session, turn, key, question: { ...rest, answerer }, withinMs, mostMs: MOST_WAITED_MS });
  });
}

async function answererOf(
  db: Queryable,
  { session, turn }: StepRef,
  { answerer }: Question,
): Promise<AskedQuestion['answerer'] | null> {
  if (answerer !== 'requester') return answerer;
  const { requester } = await getTurn(db, session, turn);
  return isPerson(requester) ? { person: requester } : null;
}

/** Whether a requester is a person. The other ones are schedules, `schedule:<name>`. */
export function isPerson(requester: string): boolean {
  return !requester.includes(':');
}
