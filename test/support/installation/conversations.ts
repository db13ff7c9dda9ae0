import { everyText } from '../slack-simulator.ts';
import { until } from '../until.ts';
import type { Installation } from './installation.ts';

type Request = NonNullable<Installation['model']['calls'][number]['request']>;

/** Tool calls of a request to the model that no result follows: there must be none in any request. */
export function callsWithoutResult({ messages }: Request): string[] {
  const open = new Set<string>();
  for (const { content } of messages) {
    if (typeof content === 'string') continue;
    for (const block of content) {
      if (block.type === 'tool_use') open.add(block.id);
      if (block.type === 'tool_result') open.delete(block.tool_use_id);
    }
  }
  return [...open];
}

/** What is wrong with the model calls so far: refused by the model as malformed, or with a call that has no result. */
export function brokenModelCalls({ model }: Pick<Installation, 'model'>): unknown[] {
  return model.calls.filter(
    ({ status, request }) => status === 400 || (request !== null && callsWithoutResult(request).length > 0),
  );
}

/** Everything a request says to the model, as one string. */
export function everythingSaid({ messages }: Request): string {
  return JSON.stringify(messages);
}

/** What the app said in a thread, each message as one string. */
export async function answersIn(
  { slack }: Pick<Installation, 'slack'>,
  thread: Parameters<Installation['slack']['answers']>[0],
): Promise<string[]> {
  const texts = async () => (await slack.answers(thread)).map(everyText);
  // The live line of a turn goes a moment after its answer has come; one whose sender was killed, when the sender's claim has ended.
  await until(async () => !(await texts()).some((text) => text.includes('Working · ')), 'the live line to go', 30_000);
  return texts();
}
