import type { SessionId } from '../../contracts/ids.ts';
import type { Queryable } from '../../store/database.ts';
import { type InboxEntry, type InboxRow, keepHistory } from '../../store/inbox.ts';
import type { SlackIdentity } from '../api/identity.ts';
import type { PacedCalls } from '../api/paced-calls.ts';
import type { Directory } from '../people/directory.ts';
import { entryOf } from '../receiving/incoming.ts';
import { type FileFetcher, MAX_FILES } from './incoming-files.ts';
import { readableText } from './readable-text.ts';

export interface ThreadJoinerOptions {
  readonly db: Queryable;
  readonly calls: PacedCalls;
  readonly identity: SlackIdentity;
  readonly directory: Directory;
  readonly fetchFiles: FileFetcher;
  readonly log: { warn(fields: object, message: string): void };
}

/** Keeps what was said in a thread before this message, as context. */
export type ThreadJoiner = (row: InboxRow, session: SessionId) => Promise<void>;

/** The newest messages count; who wants more of the thread asks for it. */
const NEWEST = 50;
const NEWEST_CHARACTERS = 20_000;
const PAGE = 200;
const MAX_PAGES = 20;

/**
 * Reads a thread once, when the agent is called into it. Trouble with that keeps nobody waiting: the message is
 * delivered without it.
 */
export function createThreadJoiner(options: ThreadJoinerOptions): ThreadJoiner {
  const { db, log } = options;
  return async (row, session) => {
    try {
      const before = (await readThread(options, row)).filter((entry) => Number(entry.ts) < Number(row.ts));
      const withFiles = await fetchNewest(options, session, newest(before));
      const read: InboxEntry[] = [];
      for (const entry of withFiles) read.push(await asContext(options, entry));
      await keepHistory(db, read);
    } catch (error) {
      log.warn({ inbox: row.id, reason: String(error) }, 'the thread so far could not be read');
    }
  };
}

async function readThread({ calls, identity }: ThreadJoinerOptions, row: InboxRow): Promise<InboxEntry[]> {
  const entries: InboxEntry[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await calls.call('conversations.replies', {
      channel: row.channel,
      ts: row.threadTs,
      latest: row.ts,
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    });
    for (const message of (answer.messages ?? []) as { ts?: string }[]) {
      const event = { type: 'message', ...message, channel: row.channel, thread_ts: row.threadTs };
      const entry = entryOf(event, `history:${identity.team}:${row.channel}:${message.ts}`, identity);
      if (entry)
        entries.push({ ...entry, kind: 'message', eventId: `history:${identity.team}:${row.channel}:${entry.ts}` });
    }
    cursor = (answer.response_metadata as { next_cursor?: string } | undefined)?.next_cursor;
    if (!cursor) break;
  }
  return entries;
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

async function asContext({ db, identity, directory }: ThreadJoinerOptions, entry: InboxEntry): Promise<InboxEntry> {
  const known = entry.authorClass === 'unknown' ? await directory.person(entry.author).catch(() => null) : null;
  const text = await readableText(db, identity, entry.text);
  return { ...entry, text, authorClass: known?.class ?? entry.authorClass };
}
