import type { ToolResult } from '../contracts/activities.ts';
import type { Question } from '../contracts/questions.ts';
import type { SlackRoom } from '../contracts/slack-reading.ts';
import type { Database } from '../store/database.ts';
import { endToolStep, markBegun, type StepRef } from '../store/steps.ts';
import { inTurn } from '../store/turn-fence.ts';
import { askPerson } from './ask-person.ts';
import { StepError } from './errors.ts';
import { failedEnd } from './settle-tools.ts';
import { runStep, toEnd } from './tool-step.ts';
import type { ToolRegistry } from './tools/registry.ts';

export interface SlackStepDependencies {
  readonly database: Database;
  readonly tools: ToolRegistry;
  readonly room: SlackRoom;
}

export interface SlackStepInput extends StepRef {
  readonly signal: AbortSignal;
}

/**
 * Runs one call of a tool that works in Slack, and stores its result, once for each step. A further attempt reads again, or finds what an
 * earlier one has put into the outbox. Throws what Slack's Web API throws; the step stays open then.
 */
export function runSlackStep(
  { database, tools, room }: SlackStepDependencies,
  { signal, ...ref }: SlackStepInput,
): Promise<ToolResult> {
  return runStep(database, ref, async (step) => {
    const tool = tools.find(step.tool);
    if (tool?.at !== 'slack') throw new StepError(`${step.tool} does not work in Slack`);
    signal.throwIfAborted();
    const begin = () => inTurn(database, ref, (db) => markBegun(db, ref));
    const ask = (question: Question) => askPerson(database, ref, question);
    return toEnd(await tool.run({ ...ref, room, begin, ask }, step.arguments, signal));
  });
}

/** Ends a call for which Slack was asked in vain, with words for the model. */
export async function giveUpSlackStep(database: Database, ref: StepRef, why: string): Promise<ToolResult> {
  await inTurn(database, ref, (db) => endToolStep(db, ref, failedEnd(why)));
  return { exitCode: null, truncated: false };
}
