import { type SessionId, threadOf } from '../../contracts/ids.ts';
import type { PageWish, Reader, SeenPage } from '../../contracts/slack-reading.ts';
import { getSession, noteHeard } from '../../store/sessions.ts';
import { confirmedMessages } from '../../store/thread-messages.ts';
import { nextCursor } from '../api/fields.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';
import { isOurs, type ShowMessagesOptions, type SlackMessage, saysSomething, showMessages } from './slack-messages.ts';

export interface RoomOptions extends ShowMessagesOptions {
  readonly calls: PacedCalls;
}

/** Slack takes no more (docs.slack.dev, conversations.replies). */
const PAGE = 1_000;
/** A longer thread is read to its end all the same, and its newest replies are kept. */
const MOST_REPLIES = 4_000;
const MAX_PAGES = 20;
/** What was read is lost when a limit ends the reading, so the next pages are waited for. The first one is tried anew by Temporal. */
const PATIENCE_MS = 60_000;
/** The part of the rate limit that is left to catching up and to joining threads. */
export const SPARE = 0.2;

export interface Replies {
  /** Null: it was deleted without a trace. */
  readonly root: SlackMessage | null;
  /** Oldest first, the newest {@link MOST_REPLIES}. */
  readonly replies: readonly SlackMessage[];
  /** Older replies that were not kept. */
  readonly dropped: number;
  /** False when the thread is longer than what may be read of one. */
  readonly isComplete: boolean;
}

/**
 * Reads a thread from Slack's own history. Slack gives the oldest replies first, so the newest are found by reading all of them.
 * @param ts that of the thread's first message
 * @param before only replies older than that
 */
export async function readReplies(
  calls: PacedCalls,
  { channel, ts, before }: { readonly channel: string; readonly ts: string; readonly before?: string | undefined },
  signal: AbortSignal,
): Promise<Replies> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  let root: SlackMessage | null = null;
  let replies: SlackMessage[] = [];
  let dropped = 0;
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    signal.throwIfAborted();
    const asked = { channel, ts, limit: PAGE, ...(before && { latest: before }), ...(cursor && { cursor }) };
    const ask = () => calls.call('conversations.replies', asked, SPARE);
    const answer = page === 0 ? await ask() : await patiently(ask, until);
    const messages = (answer.messages ?? []) as SlackMessage[];
    root = messages.find((each) => each.ts === ts) ?? root;
    const all = [...replies, ...messages.filter((each) => each.ts !== ts)];
    replies = all.slice(-MOST_REPLIES);
    dropped += all.length - replies.length;
    cursor = nextCursor(answer);
    if (!cursor) return { root, replies, dropped, isComplete: true };
  }
  return { root, replies, dropped, isComplete: false };
}

/**
 * A page of the session's own thread. In a thread of a person it has only what that person wrote or confirmed, and what the agent said:
 * words of others must not cause anything in their name.
 */
export async function readOwnThread(
  options: RoomOptions,
  { session }: Reader,
  wish: PageWish,
  signal: AbortSignal,
): Promise<SeenPage> {
  const { channel, threadTs } = threadOf(session);
  const read = await readReplies(options.calls, { channel, ts: threadTs, before: wish.before }, signal);
  const all = [...(read.root ? [read.root] : []), ...read.replies];
  if (await isEverybodys(options, session, all))
    return pageOf(options, { channel, place: 'this thread', ...read }, wish);
  const { owner } = await getSession(options.db, session);
  const confirmed = new Map((await confirmedMessages(options.db, session)).map(({ ts, text }) => [ts, text]));
  const theirs = (message: SlackMessage): SlackMessage[] => {
    if (isOurs(message, options.identity) || (message.user === owner && message.bot_id === undefined)) return [message];
    const text = confirmed.get(message.ts ?? '');
    // The words that were confirmed, and not those that stand in Slack now.
    return text === undefined
      ? []
      : [{ ...message, subtype: 'confirmed', text, blocks: [], attachments: [], files: [] }];
  };
  const [root = null] = read.root ? theirs(read.root) : [];
  const replies = read.replies.flatMap(theirs);
  const left = all.length - replies.length - (root === null ? 0 : 1);
  const notes = left > 0 ? [`${left} of other people, who do not steer this thread, are not read`] : [];
  return pageOf(options, { ...read, channel, place: 'this thread', root, replies, notes }, wish);
}

/** Whether everything may be given to the session, which notes whose words it is given. False: it is a person's. */
export async function isEverybodys(
  { db, identity }: RoomOptions,
  session: SessionId,
  messages: readonly SlackMessage[],
): Promise<boolean> {
  const others = messages.filter((each) => !isOurs(each, identity));
  if (others.length === 0) return (await getSession(db, session)).owner === null;
  const speakers = new Set(others.map(({ user, bot_id: bot }) => (bot === undefined ? (user ?? '') : '')));
  const [only = ''] = speakers;
  return noteHeard(db, session, speakers.size === 1 ? only : '');
}

export interface PageSource extends Replies {
  readonly channel: string;
  readonly place: string;
  readonly notes?: readonly string[];
}

/** The newest replies before `before`, and the first message of the thread. */
export async function pageOf(
  options: ShowMessagesOptions,
  { channel, place, root, replies, dropped, isComplete, notes = [] }: PageSource,
  { limit, before }: PageWish,
): Promise<SeenPage> {
  const said = replies.filter((each) => saysSomething(each, options.identity));
  const chosen = said.slice(-limit);
  const [first, ...messages] = await showMessages(options, channel, [...(root ? [root] : []), ...chosen]);
  const older = said.length - chosen.length + dropped;
  const limits = [
    ...(dropped > 0 ? [`a thread is read ${MOST_REPLIES.toLocaleString('en')} replies at a time`] : []),
    ...(isComplete ? [] : ['the thread is too long to be read to its end, so its newest replies are missing']),
    ...notes,
  ];
  const shown = root
    ? { root: withoutCount(first), messages }
    : { root: null, messages: first ? [first, ...messages] : [] };
  return { place, ...shown, older, hasNewer: before !== undefined, notes: limits };
}

/** Its replies are what is read, so their number is said elsewhere. */
function withoutCount(root: SeenPage['root'] | undefined): SeenPage['root'] {
  if (!root) return null;
  const { replies: _, ...rest } = root;
  return rest;
}
