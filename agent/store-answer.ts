import type { ModelCallResult, ToolRef } from '../contracts/activities.ts';
import type { AssistantContent, ToolUseBlock } from '../contracts/conversation.ts';
import type { Cost } from '../contracts/cost.ts';
import type { Database, Queryable } from '../store/database.ts';
import { recordUsage } from '../store/model-usage.ts';
import { addToolSteps, endToolStep, finishModelStep, type StepRef, toolStepsOf } from '../store/steps.ts';
import { appendTranscript, assistantAt, assistantsOf } from '../store/transcript.ts';
import { inTurn } from '../store/turn-fence.ts';
import type { ModelAnswer } from './model/model.ts';
import { endWait } from './model-wait.ts';
import { failedEnd } from './settle-tools.ts';
import type { ToolRegistry } from './tools/registry.ts';
import { CUT_CALL } from './transcript/outcomes.ts';

/** An answer with what it has cost. Absent: that is not known. */
export type PricedAnswer = ModelAnswer & { readonly cost?: Cost | null };

/**
 * Stores a model's answer with its tool steps and its usage, all or nothing. Of two attempts of one step the first to
 * store wins, and the other returns what the first has stored.
 *
 * @throws StoreError `TurnOver` when the turn has ended meanwhile; the answer is dropped then
 */
export async function storeAnswer(
  database: Database,
  tools: ToolRegistry,
  ref: StepRef,
  answer: PricedAnswer & Pick<AssistantContent, 'by' | 'blind' | 'byPages'>,
): Promise<ModelCallResult> {
  const { session, turn, step } = ref;
  const { content: blocks, stopReason, usage, model, by, blind, byPages, cost = null } = answer;
  return inTurn(database, ref, async (db) => {
    const recorded = await recordedAnswer(db, tools, ref);
    if (recorded) return recorded;
    const attempts = await finishModelStep(db, ref);
    const content: AssistantContent = {
      ...{ blocks, stopReason, usage, model },
      ...(by && { by }),
      ...(blind && { blind }),
      ...(byPages && { byPages }),
    };
    await appendTranscript(db, session, [{ turn, role: 'assistant', step, content, tokens: usage.outputTokens }]);
    const calls = callsOf(blocks);
    const steps = calls.map(({ id, name, input }, index) => ({
      step: step + 1 + index,
      tool: name,
      call: id,
      arguments: input,
    }));
    await addToolSteps(db, session, turn, steps);
    const open: { step: number; tool: string }[] = [];
    for (const [index, call] of calls.entries()) {
      const number = step + 1 + index;
      const refusal = refusalOf(answer, calls, call, tools);
      if (refusal) await endToolStep(db, { session, turn, step: number }, failedEnd(refusal));
      else open.push({ step: number, tool: call.name });
    }
    if (by === undefined) await recordUsage(db, { session, turn, step, model, ...usage, cost });
    if (attempts > 1) await endWait(db, ref);
    return resultOf(db, tools, ref, content, { steps: calls.length, open });
  });
}

/** The result of a finished model step, the same at every call. Null when it is not finished. */
export async function recordedAnswer(
  db: Queryable,
  tools: ToolRegistry,
  ref: StepRef,
): Promise<ModelCallResult | null> {
  const content = await assistantAt(db, ref);
  if (!content) return null;
  const steps = await toolStepsOf(db, ref);
  const open = steps.filter(({ state }) => state === 'pending');
  return resultOf(db, tools, ref, content, { steps: steps.length, open });
}

async function resultOf(
  db: Queryable,
  tools: ToolRegistry,
  ref: StepRef,
  content: AssistantContent,
  { steps, open }: { readonly steps: number; readonly open: readonly { step: number; tool: string }[] },
): Promise<ModelCallResult> {
  const done = isDone(content) && !(isCut(content) && (await mayGoOn(db, ref)));
  const refs = open.map(({ step, tool }): ToolRef => {
    const { parallel = false, at } = tools.find(tool) ?? {};
    return { step, tool, parallel, ...(at === 'slack' && { at }) };
  });
  return { nextStep: ref.step + 1 + steps, tools: refs, done, limit: null };
}

function isDone({ blocks, stopReason }: AssistantContent): boolean {
  if (stopReason === 'refused') return true;
  return stopReason !== 'pause' && callsOf(blocks).length === 0;
}

/** Whether an answer was cut at its length. Then the model is asked to go on where it stopped. */
function isCut({ blocks, stopReason }: AssistantContent): boolean {
  return stopReason === 'length' && callsOf(blocks).length === 0;
}

/** A model that is cut again and again has no end to come to. */
const CUT_IN_A_ROW = 5;

async function mayGoOn(db: Queryable, { session, turn }: StepRef): Promise<boolean> {
  const last = (await assistantsOf(db, session, turn)).slice(-CUT_IN_A_ROW);
  return last.length < CUT_IN_A_ROW || !last.every(isCut);
}

/** Why a call cannot be run at all, in words for the model. */
function refusalOf(
  { stopReason }: ModelAnswer,
  calls: readonly ToolUseBlock[],
  call: ToolUseBlock,
  tools: ToolRegistry,
): string | null {
  const complete = stopReason === 'tools' || stopReason === 'end' || stopReason === 'pause';
  if (stopReason === 'refused' || (!complete && call === calls.at(-1))) return CUT_CALL;
  if (tools.find(call.name)) return null;
  return tools.missing(call.name);
}

function callsOf(blocks: AssistantContent['blocks']): ToolUseBlock[] {
  return blocks.filter((block) => block.type === 'tool_use');
}
