import type { ModelCallResult, TurnLimits } from '../contracts/activities.ts';
import type { AssistantContent } from '../contracts/conversation.ts';
import { costOf } from '../contracts/cost.ts';
import { modelNameOf } from '../store/access-snapshots.ts';
import { claimInboxMessages, someoneWaits } from '../store/claim-messages.ts';
import type { Queryable } from '../store/database.ts';
import { turnSpending } from '../store/model-usage.ts';
import { getSession } from '../store/sessions.ts';
import { type StepRef, startModelStep } from '../store/steps.ts';
import { inTurn } from '../store/turn-fence.ts';
import { assertNotLostTooOften, ModelError } from './errors.ts';
import { type ContextDependencies, loadContext } from './load-context.ts';
import { turnRegistry } from './mcp/turn-tools.ts';
import type { Model, ModelInput, PictureBlock } from './model/model.ts';
import { settleOpenTools } from './settle-tools.ts';
import { type PricedAnswer, recordedAnswer, storeAnswer } from './store-answer.ts';
import { estimateTokens } from './tokens.ts';
import { buildMessages } from './transcript/build-messages.ts';
import { standstillOf } from './transcript/repetition.ts';
import { createPictureCache, loadShown, type PictureCache, shownIn } from './transcript/shown-files.ts';
import { userText } from './transcript/user-text.ts';
import { lookFirst } from './viewing/look-first.ts';

export interface ModelStepDependencies extends ContextDependencies {
  /** @default one for each call */
  readonly pictures?: PictureCache;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Of one answer. @default 16000 */
  readonly maxTokens?: number;
}

export interface ModelStepInput extends StepRef {
  readonly limits: TurnLimits;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: ModelProgress) => void;
}

export interface ModelProgress {
  readonly phase: 'claiming' | 'summarising' | 'waiting' | 'answering' | 'storing';
  /** All text of this answer so far; empty before the first. Not for histories. */
  readonly text: string;
}

const MAX_TOKENS = 16_000;

/**
 * One model call of a turn, once for each step: a step that is done returns what it returned before.
 *
 * It claims what was said in the thread since the last call, gives every tool call without a result one, summarises
 * older turns when the context is nearly full, calls the model, and stores answer, tool steps and usage in one
 * transaction. Throws `ModelError`, `StoreError` when the turn is over, or the signal's reason; then nothing but the
 * claimed messages is stored.
 *
 * A limit, and a turn that only repeats itself, is found before a call: then nothing is called, `tools` is empty and `limit` names it.
 *
 * Why two attempts of one step that overlap record one answer and disturb nothing:
 * 1. Attempt A freezes before its first transaction. Attempt B records an answer, and its first tool starts.
 * 2. A wakes up. It locks the session's row and looks for a recorded answer only then.
 * 3. It finds B's answer, and returns it before it settles or claims anything.
 * 4. If both wait for the model at the same time, the first to store locks the row and records its answer. The second
 *    looks again under the lock, finds that answer, and drops its own.
 * Therefore one answer is recorded, both attempts return it, and the running tool stays as it is.
 *
 * @example
 * const { tools, nextStep, done } = await runModelStep(deps, { session, turn: 1, step: 1, limits, signal });
 */
export async function runModelStep(deps: ModelStepDependencies, input: ModelStepInput): Promise<ModelCallResult> {
  const { database } = deps;
  const { session, turn, step } = input;
  const tools = await turnRegistry(database, deps.tools, input);
  // Rows are only ever added. So what they say of the rounds before this step stays true.
  const stuck = standstillOf(await deps.transcripts.read(database, session), turn) !== null;
  const known = await inTurn(database, input, async (db): Promise<ModelCallResult | null> => {
    const recorded = await recordedAnswer(db, tools, input);
    if (recorded) return recorded;
    // What somebody has said meanwhile may lead out of the circle, so the turn goes on with it.
    const isOver = stuck && !(await someoneWaits(db, session, turn));
    const limit = (await limitReached(db, deps, input)) ?? (isOver ? 'repetition' : null);
    if (limit) return { nextStep: step, tools: [], done: false, limit };
    report(input, 'claiming');
    const { attempt, trouble } = await startModelStep(db, input);
    assertNotLostTooOften(attempt, trouble);
    await settleOpenTools(db, session, turn, { reason: 'unknown' });
    await claimInboxMessages(db, session, turn, (message) => estimateTokens(userText(message)));
    return null;
  });
  if (known) return known;
  const models = await modelsOf(deps, input);
  const rows = await deps.transcripts.read(database, session);
  const looks = models[0] ? await lookFirst(database, rows, models[0], input.limits.steps - step - 1) : null;
  const answer = looks ?? (await callFirstThere({ ...deps, tools }, input, models));
  report(input, 'storing');
  input.signal.throwIfAborted();
  return storeAnswer(database, tools, input, answer);
}

/**
 * Asks the turn's model, and the other one when that is away. What the first said before it failed is dropped, because the
 * other one answers from the beginning. When both are away, the first one's failure says how long to wait.
 */
async function callFirstThere(
  deps: ModelStepDependencies,
  input: ModelStepInput,
  [first = deps.model, ...others]: readonly Model[],
): Promise<Answer> {
  try {
    return await callModel({ ...deps, model: first }, input);
  } catch (error) {
    if (!isAway(error)) throw error;
    deps.models?.noteAway(first, error);
    for (const model of others) {
      try {
        return await callModel({ ...deps, model }, input);
      } catch (second) {
        if (!isAway(second)) throw second;
        deps.models?.noteAway(model, second);
      }
    }
    throw error;
  }
}

function isAway(error: unknown): error is ModelError {
  return error instanceof ModelError && (error.code === 'ModelUnavailable' || error.code === 'ModelRateLimited');
}

/**
 * The models of the turn, as the access file is now. The name with which the turn began may have left the file since. Then the
 * model that is in force at the place is asked: the worker's own may be another vendor's, and is asked only where the file names none.
 */
async function modelsOf(
  { database, model, models }: ModelStepDependencies,
  { session, turn }: StepRef,
): Promise<readonly Model[]> {
  const name = models ? await modelNameOf(database, session, turn) : null;
  if (!models || name === null) return [model];
  const named = await models.forTurn(name);
  if (named) return named;
  const { scope } = await getSession(database, session);
  return (await models.forScope(scope)) ?? [model];
}

/** A model's answer, marked when its server refused the request with its pictures or PDF, and gave this answer without them. */
type Answer = PricedAnswer & Pick<AssistantContent, 'by' | 'blind' | 'byPages'>;

async function callModel(deps: ModelStepDependencies, input: ModelStepInput): Promise<Answer> {
  try {
    const answer = await attempt(deps, input, {});
    if (answer.stopReason !== 'window') return answer;
  } catch (error) {
    if (!(error instanceof ModelError && error.tooLong)) throw error;
  }
  // The estimate was too low: once more with less.
  return attempt(deps, input, { full: true });
}

interface Less {
  /** Older rows are summarised first. */
  readonly full?: boolean;
  /** PDF are sent by the pictures of their pages. */
  readonly byPages?: true;
  /** No picture is sent. */
  readonly blind?: true;
}

async function attempt(deps: ModelStepDependencies, input: ModelStepInput, less: Less): Promise<Answer> {
  const { database, model, tools, maxTokens = MAX_TOKENS, pictures = createPictureCache() } = deps;
  const { system, thread, rows } = await loadContext(deps, input, less.full ?? false, () =>
    report(input, 'summarising'),
  );
  const { takes = [] } = model;
  const { byPages = false, blind = false } = less;
  const options = { takes, byPages, blind, cache: pictures };
  const messages = buildMessages(rows, await loadShown(database, rows, options));
  report(input, 'waiting');
  let text = '';
  const call = model.call({
    system,
    thread,
    messages,
    tools: tools.specs,
    maxTokens,
    signal: input.signal,
    onText(piece) {
      text += piece;
      report(input, 'answering', text);
    },
  });
  try {
    const given = await call;
    const answer = { ...given, ...(model.price && { cost: costOf(given.usage, model.price) }) };
    if (less.blind) return { ...answer, blind: true };
    return { ...answer, ...(less.byPages && { byPages: true }) };
  } catch (error) {
    const mayBePictures = error instanceof ModelError && error.code === 'ModelRefusedRequest' && !error.tooLong;
    const fewer = mayBePictures ? showingLess(less, shownIn(messages), takes) : null;
    if (fewer === null) throw error;
    return attempt(deps, input, fewer);
  }
}

/**
 * What is sent to a server that has refused what was shown: it may not take what its model is said to take, or not this PDF. First the
 * pages of PDF in their place, then nothing, and the model is told so. Null: nothing is left to leave out.
 */
function showingLess(less: Less, shown: readonly PictureBlock[], takes: readonly ModelInput[]): Less | null {
  if (shown.length === 0) return null;
  const hasPdf = shown.some(({ mediaType }) => mediaType === 'application/pdf');
  return hasPdf && takes.includes('images') ? { ...less, byPages: true } : { ...less, blind: true };
}

function report({ onProgress }: ModelStepInput, phase: ModelProgress['phase'], text = ''): void {
  onProgress?.({ phase, text });
}

async function limitReached(
  db: Queryable,
  { clock }: ModelStepDependencies,
  { session, turn, step, limits }: ModelStepInput,
): Promise<ModelCallResult['limit']> {
  if (step > limits.steps) return 'steps';
  const spent = await turnSpending(db, session, turn);
  if (spent.tokens >= limits.tokens) return 'tokens';
  return clock() - spent.workingSince.getTime() >= limits.minutes * 60_000 ? 'minutes' : null;
}
