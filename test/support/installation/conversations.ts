import { everyText } from '../slack-simulator.ts';
import { until } from '../until.ts';
import type { Installation } from './installation.ts';
import { sessionOf } from './turns.ts';

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

/** What the app said in a thread, each message as one string, once Slack shows all that there is to say now. */
export async function answersIn(
  { slack, database }: Pick<Installation, 'slack' | 'database'>,
  thread: Parameters<typeof sessionOf>[0],
): Promise<string[]> {
  // 1. A turn ends, and its answer is due. 2. A sender posts it, or one that was killed let it be: the next one takes it when that claim has
  // ended. Therefore the end of a turn does not say that its answer is in Slack, or that its live line is not.
  const unsent = () =>
    database.query(
      `select 1 from outbox
       where session = $1 and kind in ('message', 'file') and sent_revision < revision and failed is null`,
      [sessionOf(thread)],
    );
  await until(async () => (await unsent()).rowCount === 0, 'Slack to show all that is said in the thread', 30_000);
  return (await slack.answers(thread)).map(everyText);
}
