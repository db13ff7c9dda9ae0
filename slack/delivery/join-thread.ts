import type { SessionId } from '../../contracts/ids.ts';
import type { Queryable } from '../../store/database.ts';
import type { InboxEntry, InboxRow } from '../../store/inbox.ts';
import { keepEntries, keepHistory, storedForGood } from '../../store/inbox-intake.ts';
import { nextCursor } from '../api/fields.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import { patiently } from '../api/patiently.ts';
import type { Directory } from '../people/directory.ts';
import { entryOf } from '../receiving/incoming.ts';
import { type FileFetcher, MAX_FILES } from './incoming-files.ts';
import { readableText } from './plain-text.ts';

export interface ThreadJoinerOptions {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  readonly directory: Pick<Directory, 'person'>;
  readonly fetchFiles: FileFetcher;
  readonly log: { warn(fields: object, message: string): void };
}

/**
 * Keeps what was said in a thread before this message, as context.
 * @param onlyOf the person in whose name the thread is to work: nothing that others wrote is kept. Null keeps all
 */
export type ThreadJoiner = (row: InboxRow, session: SessionId, onlyOf: string | null) => Promise<void>;

/** How many of the newest messages are kept as context. The agent can read older ones by a tool. */
const NEWEST = 50;
const NEWEST_CHARACTERS = 20_000;
const PAGE = 200;
const MAX_PAGES = 20;
/** A call that is older than a day is history, whatever became of it. */
const MISSED_WITHIN_S = 24 * 3_600;
/** A rate limit is waited out for this long. After that the message is delivered without what was said before it. */
const PATIENCE_MS = 60_000;

/**
 * Reads a thread once, when the agent is called into it. Where that fails, the message is delivered without what was
 * said before it.
 */
export function createThreadJoiner(options: ThreadJoinerOptions): ThreadJoiner {
  const { db, log } = options;
  return async (row, session, onlyOf) => {
    try {
      const signal = AbortSignal.timeout(PATIENCE_MS);
      const before = (await readThread(options, row, signal)).filter((entry) => Number(entry.ts) < Number(row.ts));
      const missed = before.filter((entry) => wasMissed(entry, row));
      if (missed.length > 0)
        await keepEntries(
          db,
          missed.map((entry) => ({ keep: 'always', entry })),
        );
      const talk = before.filter(
        (entry) => onlyOf === null || (entry.author === onlyOf && entry.authorClass !== 'bot'),
      );
      const { chosen, left } = rootAndNewest(talk);
      // Calls are stored by now. Of these, only one that was refused becomes context, so nothing else of them takes room or bears the note.
      const stored = await storedForGood(db, row, chosen);
      const added = withNote(chosen, left, stored);
      const withFiles = await fetchNewest(options, session, added);
      await keepHistory(db, await asContext(options, withFiles));
    } catch (error) {
      log.warn({ inbox: row.id, reason: String(error) }, 'the thread so far could not be read');
    }
  };
}

/**
 * Whether a message has called the agent into the thread before. Where it is not stored, Slack sent it to nobody, and the catch-up may
 * not have come to it yet. As mere context it would count as known there, and get no answer. Therefore it is kept as what it is: a call
 * of its own. One that is stored already stays as it is.
 */
function wasMissed({ kind, address, authorClass, ts }: InboxEntry, row: InboxRow): boolean {
  const isCall = kind === 'message' && address === 'mention' && authorClass !== 'bot';
  return isCall && Number(row.ts) - Number(ts) < MISSED_WITHIN_S;
}

async function readThread(
  { calls, identity }: ThreadJoinerOptions,
  row: InboxRow,
  signal: AbortSignal,
): Promise<InboxEntry[]> {
  const entries: InboxEntry[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const asked = {
      channel: row.channel,
      ts: row.threadTs,
      latest: row.ts,
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    };
    const answer = await patiently(() => calls.call('conversations.replies', asked), signal);
    for (const message of (answer.messages ?? []) as { ts?: string }[]) {
      const event = { type: 'message', ...message, channel: row.channel, thread_ts: row.threadTs };
      const entry = entryOf(event, `history:${identity.team}:${row.channel}:${message.ts}`, identity);
      if (entry) entries.push({ ...entry, eventId: `history:${identity.team}:${row.channel}:${entry.ts}` });
    }
    cursor = nextCursor(answer);
    if (!cursor) break;
  }
  return entries;
}

/**
 * The first message of the thread, which says what it is about, and the newest ones, as many as fit. Oldest first, with the number of those
 * between them that are left out.
 */
function rootAndNewest(entries: readonly InboxEntry[]): { readonly chosen: InboxEntry[]; readonly left: number } {
  const kept = newest(entries);
  const [root] = entries;
  const left = entries.length - kept.length - 1;
  if (root === undefined || left < 0) return { chosen: kept, left: 0 };
  return { chosen: [{ ...root, text: root.text.slice(0, NEWEST_CHARACTERS) }, ...kept], left };
}

/** Those that are not stored yet. The first of them says how many are left out, which are those after the first one chosen. */
function withNote(chosen: readonly InboxEntry[], left: number, stored: ReadonlySet<string>): InboxEntry[] {
  const [first, ...rest] = chosen.filter(({ ts }) => !stored.has(ts));
  if (first === undefined) return [];
  if (left === 0) return [first, ...rest];
  const isBefore = first.ts === chosen[0]?.ts;
  const note = `[${left} ${left === 1 ? 'message' : 'messages'} ${isBefore ? 'after' : 'before'} this one left out here]`;
  return [{ ...first, text: isBefore ? `${first.text}\n\n${note}` : `${note}\n\n${first.text}` }, ...rest];
}

/** Oldest first, as many as fit. */
function newest(entries: readonly InboxEntry[]): InboxEntry[] {
  let characters = 0;
  const kept = entries.slice(-NEWEST).reverse();
  const end = kept.findIndex((entry) => {
    characters += entry.text.length;
    return characters > NEWEST_CHARACTERS;
  });
  return (end < 0 ? kept : kept.slice(0, end)).reverse();
}

/** "Chart the file above": the newest files come along, under the limit of one message. */
async function fetchNewest(
  { fetchFiles }: ThreadJoinerOptions,
  session: SessionId,
  entries: readonly InboxEntry[],
): Promise<InboxEntry[]> {
  let room = MAX_FILES;
  const fetched: InboxEntry[] = [];
  for (const entry of entries.toReversed()) {
    const [near, far] = [entry.files.slice(0, room), entry.files.slice(room)];
    room -= near.length;
    const left = far.map((file) => ({ ...file, problem: 'not taken: posted before I was called' }));
    fetched.push({ ...entry, files: near.length > 0 ? [...(await fetchFiles(session, near)), ...left] : left });
  }
  return fetched.reverse();
}

/** With the class of each author, each looked up once; who cannot be looked up now stays `unknown`. */
async function asContext(
  { db, identity, directory }: ThreadJoinerOptions,
  entries: readonly InboxEntry[],
): Promise<InboxEntry[]> {
  const unknown = new Set(entries.filter((entry) => entry.authorClass === 'unknown').map((entry) => entry.author));
  const looked = [...unknown].map(async (author) => {
    const person = await directory.person(author).catch(() => null);
    return [author, person?.class ?? 'unknown'] as const;
  });
  const classes = new Map(await Promise.all(looked));
  return Promise.all(
    entries.map(async (entry) => ({
      ...entry,
      text: await readableText(db, identity, entry.text),
      authorClass: classes.get(entry.author) ?? entry.authorClass,
    })),
  );
}
