import { failureOf } from '../api/errors.ts';
import type { PlacesOptions } from './places.ts';
import { SPARE } from './read-thread.ts';
import { type SlackMessage, saysSomething } from './slack-messages.ts';

/** Threads of one search whose replies are read. Slack allows fifty such reads a minute for the whole workspace. */
const MOST_THREADS = 20;
/** Slack gives no more at once, oldest first. */
const PAGE = 1_000;

/** A channel with messages of it, some of which have replies. */
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
  for (const [nth, { place, root }] of threads.entries()) {
    signal.throwIfAborted();
    const found = nth < MOST_THREADS ? await readThread(calls, place.id, root) : null;
    if (found === null) return { replies, threads: nth, of: threads.length };
    const said = found.filter((each) => each.ts !== root.ts && !isBroadcast(each) && saysSomething(each, identity));
    replies.push(...said.map((message) => ({ message, place })));
  }
  return { replies, threads: threads.length, of: threads.length };
}

/** Null when Slack's limit leaves no room. A thread that is gone by now has no replies. */
async function readThread(
  calls: PlacesOptions['calls'],
  channel: string,
  { ts }: SlackMessage,
): Promise<readonly SlackMessage[] | null> {
  try {
    const answer = await calls.call('conversations.replies', { channel, ts, limit: PAGE }, SPARE);
    return (answer.messages ?? []) as SlackMessage[];
  } catch (error) {
    const failure = failureOf(error);
    if (failure.kind === 'unknown') throw error;
    return failure.kind === 'limited' ? null : [];
  }
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
