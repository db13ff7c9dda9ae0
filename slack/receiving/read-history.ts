import { failureOf, isTokenRefused } from '../api/errors.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';

export interface HistoryMessage extends Record<string, unknown> {
  readonly ts?: string;
  readonly latest_reply?: string;
}

export interface HistoryOptions {
  readonly calls: PacedCalls;
  readonly oldest: Date;
  readonly signal: AbortSignal;
  readonly log: { warn(fields: object, message: string): void };
}

/** A channel, or one of its threads. */
export interface HistoryPlace {
  readonly channel: string;
  readonly threadTs?: string;
}

/** The part of a rate limit that is left to everybody else. */
const SPARE = 0.3;
const MAX_PAGES = 10;

/**
 * What was said in a place since `oldest`, oldest first. Waits for rate limits. A place that Slack does not show us
 * (any more) has nothing to say: it must not keep us from the others.
 */
export async function readHistory(options: HistoryOptions, place: HistoryPlace): Promise<HistoryMessage[]> {
  try {
    return await readPages(options, place);
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind !== 'refused' || isTokenRefused(failure)) throw error;
    options.log.warn({ ...place, code: failure.code }, 'Slack does not show a place of ours; passed over');
    return [];
  }
}

async function readPages(
  { calls, oldest, signal }: HistoryOptions,
  { channel, threadTs }: HistoryPlace,
): Promise<HistoryMessage[]> {
  const method = threadTs ? 'conversations.replies' : 'conversations.history';
  const messages: HistoryMessage[] = [];
  const from = (oldest.getTime() / 1_000).toFixed(6);
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const asked = {
      channel,
      ...(threadTs ? { ts: threadTs } : {}),
      oldest: from,
      limit: 200,
      ...(cursor ? { cursor } : {}),
    };
    const answer = await patiently(() => calls.call(method, asked, SPARE), signal);
    messages.push(...((answer.messages ?? []) as HistoryMessage[]));
    cursor = (answer.response_metadata as { next_cursor?: string } | undefined)?.next_cursor;
    if (!cursor) break;
  }
  // A thread's first message always comes along, however old it is.
  return messages.filter((message) => Number(message.ts) * 1_000 >= oldest.getTime()).sort(byTs);
}

function byTs(a: HistoryMessage, b: HistoryMessage): number {
  return Number(a.ts) - Number(b.ts);
}
