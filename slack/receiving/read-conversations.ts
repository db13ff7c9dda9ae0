import { failureOf, isTokenRefused } from '../api/errors.ts';
import { nextCursor } from '../api/fields.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';

export interface HistoryMessage extends Record<string, unknown> {
  readonly ts?: string;
  readonly thread_ts?: string;
  readonly subtype?: string;
  readonly latest_reply?: string;
}

export interface ReadOptions {
  readonly calls: PacedCalls;
  readonly signal: AbortSignal;
  readonly log: { warn(fields: object, message: string): void };
  /** Takes one message of the conversation, in no particular order. */
  readonly take: (message: HistoryMessage) => Promise<void>;
}

/** The part of a rate limit that is left to everybody else. */
const SPARE = 0.3;
/** Slack recommends no more for a usual read. */
const PAGE = 200;
/** Slack's own limit, for going back over what is known already. */
const LARGE_PAGE = 999;
const MAX_PAGES_BACK = 5;

/**
 * Reads what was said in a channel since `oldest`, and finds the threads in it that have something new.
 *
 * Slack does not show the replies of a thread in its channel, but every thread's first message says when the latest
 * reply came. So one page of the channel answers for all threads that began in it, and the threads themselves are read
 * only where something is new. Going back is worth a call as long as it saves more than one.
 *
 * @param ours threads of sessions here in which something happened lately
 * @returns threads to read: those with a reply since `oldest`, and those of ours that began too far back to be seen
 */
export async function readChannel(
  options: ReadOptions,
  channel: string,
  oldest: Date,
  ours: readonly string[],
): Promise<string[]> {
  const isNew = (ts: string | undefined): boolean => Number(ts) * 1_000 >= oldest.getTime();
  const found = new Set<string>();
  let unseen = [...ours];
  let back = 0;
  let reached = Number.POSITIVE_INFINITY;
  const pages = readPages(options, 'conversations.history', { channel }, () =>
    reached < oldest.getTime() ? LARGE_PAGE : PAGE,
  );
  for await (const messages of pages) {
    for (const message of messages) {
      // A reply that is shown in the channel too is read with its thread, in order.
      const isReply = message.thread_ts !== undefined && message.thread_ts !== message.ts;
      if (isReply && isNew(message.ts)) found.add(message.thread_ts ?? '');
      else if (isNew(message.ts)) await options.take(message);
      if (message.ts && isNew(message.latest_reply)) found.add(message.ts);
      if (message.ts) reached = Math.min(reached, Number(message.ts) * 1_000);
    }
    // What is newer than the last message of the page and was not on it is there no more.
    unseen = unseen.filter((ts) => Number(ts) * 1_000 < reached);
    if (reached >= oldest.getTime()) continue;
    if (unseen.length <= 1 || back >= MAX_PAGES_BACK) break;
    back += 1;
  }
  return [...new Set([...found, ...unseen])];
}

/** Reads what was said in a thread since `oldest`, oldest first. */
export async function readThread(options: ReadOptions, channel: string, threadTs: string, oldest: Date): Promise<void> {
  const conversation = { channel, ts: threadTs, oldest: (oldest.getTime() / 1_000).toFixed(6) };
  for await (const messages of readPages(options, 'conversations.replies', conversation, () => PAGE)) {
    // A thread's first message always comes along, however old it is.
    for (const message of messages) if (Number(message.ts) * 1_000 >= oldest.getTime()) await options.take(message);
  }
}

/**
 * Waits for rate limits. A conversation that Slack does not show us, or not any more, is left out. It must not keep us from the
 * others.
 */
async function* readPages(
  { calls, signal, log }: ReadOptions,
  method: string,
  conversation: Readonly<Record<string, string>>,
  limit: () => number,
): AsyncGenerator<readonly HistoryMessage[]> {
  let cursor: string | undefined;
  do {
    const asked = { ...conversation, limit: limit(), ...(cursor ? { cursor } : {}) };
    let answer: Record<string, unknown>;
    try {
      answer = await patiently(() => calls.call(method, asked, SPARE), signal);
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind !== 'refused' || isTokenRefused(failure)) throw error;
      log.warn({ ...conversation, code: failure.code }, 'Slack does not show a conversation of ours; passed over');
      return;
    }
    yield (answer.messages ?? []) as HistoryMessage[];
    cursor = nextCursor(answer);
  } while (cursor);
}
