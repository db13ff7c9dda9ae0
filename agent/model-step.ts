import type { ModelCallResult, TurnLimits } from '../contracts/activities.ts';
import { claimInboxMessages } from '../store/claim-messages.ts';
import { type Database, inTransaction } from '../store/database.ts';
import { turnSpending } from '../store/model-usage.ts';
import { type StepRef, startModelStep } from '../store/steps.ts';
import { ModelError } from './errors.ts';
import { loadContext, type PromptSettings } from './load-context.ts';
import type { Model, ModelAnswer } from './model/model.ts';
import { settleOpenTools } from './settle-tools.ts';
import { recordedAnswer, storeAnswer } from './store-answer.ts';
import { estimateTokens } from './tokens.ts';
import type { ToolRegistry } from './tools/registry.ts';
import { buildMessages } from './transcript/build-messages.ts';
import { userText } from './transcript/user-text.ts';

export interface ModelStepDependencies {
  readonly database: Database;
  readonly model: Model;
  readonly tools: ToolRegistry;
  readonly prompt: PromptSettings;
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
 * transaction. Throws `ModelError`, or the signal's reason; then nothing but the claimed messages is stored.
 *
 * A limit is found before a call: then nothing is called, `tools` is empty and `limit` names it.
 */
export async function runModelStep(deps: ModelStepDependencies, input: ModelStepInput): Promise<ModelCallResult> {
  const { database, tools } = deps;
  const { session, turn, step } = input;
  const [recorded, limit] = await Promise.all([recordedAnswer(database, tools, input), limitReached(deps, input)]);
  if (recorded) return recorded;
  if (limit) return { nextStep: step, tools: [], done: false, limit };

  report(input, 'claiming');
  await inTransaction(database, async (db) => {
    await startModelStep(db, input);
    await settleOpenTools(db, session, turn, { reason: 'unknown' });
    await claimInboxMessages(db, session, turn, (message) => estimateTokens(userText(message)));
  });
  const answer = await callModel(deps, input);
  report(input, 'storing');
  input.signal.throwIfAborted();
  return storeAnswer(database, tools, input, answer);
}

async function callModel(deps: ModelStepDependencies, input: ModelStepInput): Promise<ModelAnswer> {
  try {
    const answer = await attempt(deps, input, false);
    if (answer.stopReason !== 'window') return answer;
  } catch (error) {
    if (!(error instanceof ModelError && error.tooLong)) throw error;
  }
  // The estimate was too low: once more with less.
  return attempt(deps, input, true);
}

async function attempt(deps: ModelStepDependencies, input: ModelStepInput, full: boolean): Promise<ModelAnswer> {
  const { model, tools, maxTokens = MAX_TOKENS } = deps;
  const { system, rows } = await loadContext(deps, input, full, () => report(input, 'summarising'));
  report(input, 'waiting');
  let text = '';
  return model.call({
    system,
    messages: buildMessages(rows),
    tools: tools.specs,
    maxTokens,
    signal: input.signal,
    onText(piece) {
      text += piece;
      report(input, 'answering', text);
    },
  });
}

function report({ onProgress }: ModelStepInput, phase: ModelProgress['phase'], text = ''): void {
  onProgress?.({ phase, text });
}

async function limitReached(
  { database, clock }: ModelStepDependencies,
  { session, turn, step, limits }: ModelStepInput,
): Promise<ModelCallResult['limit']> {
  if (step > limits.steps) return 'steps';
  const spent = await turnSpending(database, session, turn);
  if (spent.tokens >= limits.tokens) return 'tokens';
  return clock() - spent.workingSince.getTime() >= limits.minutes * 60_000 ? 'minutes' : null;
}
