import { failureOf } from '../api/errors.ts';
import { nextCursor } from '../api/fields.ts';
import type { PlacesOptions } from './places.ts';
import { SPARE } from './read-thread.ts';
import { type SlackMessage, saysSomething } from './slack-messages.ts';

/** Threads of one search whose replies are read. Slack allows fifty such reads a minute for the whole workspace. */
const MOST_THREADS = 20;
/** Slack gives no more at once, oldest first. So the newest replies are found by reading all of them. */
const PAGE = 1_000;
/** A longer thread is not read to its end, and that is said. */
const MOST_PAGES = 4;
/** Reads of one search for replies. */
const MOST_READS = 30;

/** A channel and messages that were read in it. Some of them have replies. */
export interface ReadPlace<Place> {
  readonly place: Place;
  readonly messages: readonly SlackMessage[];
}

export interface FoundReplies<Place> {
  readonly replies: readonly { readonly message: SlackMessage; readonly place: Place }[];
  /** Threads that were read. */
  readonly threads: number;
  /** Threads that there are. */
  readonly of: number;
  /** Threads of those that were read whose newest replies were not. */
  readonly cut: number;
}

/** The replies of threads whose first messages were read, those first in which somebody has replied last. Slack's limits may end it early. */
export async function repliesOf<Place extends { readonly id: string }>(
  { calls, identity }: PlacesOptions,
  read: readonly ReadPlace<Place>[],
  signal: AbortSignal,
): Promise<FoundReplies<Place>> {
  const threads = read
    .flatMap(({ place, messages }) => messages.filter(isRoot).map((root) => ({ place, root })))
    .sort((a, b) => lastReply(b.root) - lastReply(a.root));
  const replies: { message: SlackMessage; place: Place }[] = [];
  let [reads, cut] = [0, 0];
  for (const [nth, { place, root }] of threads.entries()) {
    const room = nth < MOST_THREADS ? Math.min(MOST_PAGES, MOST_READS - reads) : 0;
    const found = await readThread(calls, place.id, root, room, signal);
    if (found === null) return { replies, threads: nth, of: threads.length, cut };
    reads += found.reads;
    if (!found.isWhole) cut += 1;
    const said = found.messages.filter(
      (each) => each.ts !== root.ts && !isBroadcast(each) && saysSomething(each, identity),
    );
    replies.push(...said.map((message) => ({ message, place })));
  }
  return { replies, threads: threads.length, of: threads.length, cut };
}

interface ReadReplies {
  readonly messages: readonly SlackMessage[];
  readonly reads: number;
  readonly isWhole: boolean;
}

/** Null when there is no room for it. A thread that is gone by now has no replies. */
async function readThread(
  calls: PlacesOptions['calls'],
  channel: string,
  { ts }: SlackMessage,
  most: number,
  signal: AbortSignal,
): Promise<ReadReplies | null> {
  const messages: SlackMessage[] = [];
  let cursor: string | undefined;
  for (let reads = 0; reads < most; ) {
    signal.throwIfAborted();
    try {
      const asked = { channel, ts, limit: PAGE, ...(cursor && { cursor }) };
      const answer = await calls.call('conversations.replies', asked, SPARE);
      reads += 1;
      messages.push(...((answer.messages ?? []) as SlackMessage[]));
      cursor = nextCursor(answer);
      if (!cursor || reads === most) return { messages, reads, isWhole: !cursor };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'unknown') throw error;
      if (failure.kind !== 'limited') return { messages, reads: reads + 1, isWhole: true };
      return reads === 0 ? null : { messages, reads, isWhole: false };
    }
  }
  return null;
}

function isRoot({ reply_count: replies, thread_ts: thread, ts }: SlackMessage): boolean {
  return (replies ?? 0) > 0 && (thread === undefined || thread === ts);
}

/** A reply that was sent to the channel too stands in its history. */
function isBroadcast({ subtype }: SlackMessage): boolean {
  return subtype === 'thread_broadcast';
}

function lastReply({ latest_reply: ts }: SlackMessage): number {
  return typeof ts === 'string' ? Number(ts) : 0;
}
