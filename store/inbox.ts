import { type SessionId, sessionIdOf } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { storableJson, storableText } from './storable.ts';

/** `edit`: somebody has changed what they wrote. It is read as a note, and begins nothing. */
export type InboxKind = 'message' | 'stop' | 'schedule' | 'edit';
export type InboxState = 'received' | 'delivered' | 'refused' | 'context' | 'answered' | 'deleted';
/**
 * How a message came: with a mention, in a one-to-one DM, without one in a thread with a session, a button, a schedule. `deletion`: the first
 * message of the thread was deleted, which stops the work there.
 */
export type Address = 'mention' | 'dm' | 'thread' | 'button' | 'schedule' | 'deletion';
export type AuthorClass = 'member' | 'guest' | 'external' | 'bot' | 'unknown';

/** An attached file. `file` is the id of its row once it was fetched. `problem` says why it could not be fetched. */
export interface InboxFile {
  readonly id: string;
  readonly name: string;
  readonly mimetype: string;
  /** Size in bytes, as Slack states it. */
  readonly size: number;
  /** Empty while Slack has given the file's id only. */
  readonly url: string;
  readonly file?: string;
  readonly problem?: string;
}

export interface InboxEntry {
  readonly eventId: string;
  readonly kind: InboxKind;
  readonly team: string;
  readonly channel: string;
  readonly threadTs: string;
  readonly ts: string;
  readonly author: string;
  /** `bot` when the event says so. `unknown` until Slack's directory was asked. */
  readonly authorClass: AuthorClass;
  readonly address: Address;
  /** Slack's markup until the row is accepted, plain text from then on. */
  readonly text: string;
  readonly files: readonly InboxFile[];
  /** Slack's ids of the people whom its author tags. @default nobody */
  readonly tags?: readonly string[];
  /** Of an edit: the `ts` of the message, and what it said before. */
  readonly edits?: string | null;
  readonly before?: string | null;
}

export interface InboxRow extends InboxEntry {
  readonly id: string;
  readonly session: SessionId;
  readonly state: InboxState;
  readonly receivedAt: Date;
  readonly attempts: number;
  /** True when a stop came after it, before its author was known. */
  readonly overtaken: boolean;
  /** The person in whose name the thread works, when they have confirmed what somebody else wrote. Absent or null: nobody has. */
  readonly confirmedBy?: string | null;
}

export interface StoredEntry {
  id: string;
  event_id: string;
  kind: InboxKind;
  team: string;
  channel: string;
  thread_ts: string;
  session: SessionId;
  ts: string;
  author: string;
  author_class: AuthorClass;
  address: Address;
  text: string;
  files: InboxFile[];
  tags: string[];
  edits: string | null;
  before: string | null;
  state: InboxState;
  received_at: Date;
  attempts: number;
  overtaken: boolean;
  confirmed_by: string | null;
}

/** The columns of {@link StoredEntry}. */
export const COLUMNS = `inbox.id, inbox.event_id, inbox.kind, inbox.team, inbox.channel, inbox.thread_ts, inbox.session, inbox.ts, inbox.author,
  inbox.author_class, inbox.address, inbox.text, inbox.files, inbox.tags, inbox.edits, inbox.text_before as before, inbox.state, inbox.received_at, inbox.attempts,
  inbox.overtaken, inbox.confirmed_by`;
/** Rows that still need work. */
export const UNDELIVERED = "delivered_at is null and state in ('received', 'delivered')";

export interface AcceptedEntry {
  readonly authorClass: AuthorClass;
  /** The plain text that the agent reads. */
  readonly text: string;
  readonly files: readonly InboxFile[];
}

/**
 * Accepts an entry: from now on the agent may read it. It counts as undelivered until Temporal has accepted its signal.
 * False when a stop has overtaken the entry meanwhile.
 */
export async function acceptEntry(db: Queryable, id: string, accepted: AcceptedEntry): Promise<boolean> {
  const { rowCount } = await db.query(
    `update inbox set state = 'delivered', author_class = $2, text = $3, files = $4
     where id = $1 and state = 'received' and not overtaken`,
    [id, accepted.authorClass, storableText(accepted.text), storableJson(accepted.files)],
  );
  return rowCount === 1;
}

/** Notes that Temporal accepted the entry's signal. It is not delivered again. Listeners of the thread are notified. */
export async function markSignalled(db: Queryable, id: string, session: SessionId): Promise<void> {
  const { rowCount } = await db.query('update inbox set delivered_at = now() where id = $1', [id]);
  if (rowCount === 1) db.wake('bellhop_thread', session);
}

/** Ends a row that gets no signal. False when another attempt has accepted or ended it meanwhile. */
export async function closeEntry(
  db: Queryable,
  id: string,
  state: 'refused' | 'context' | 'answered',
  author: { readonly authorClass: AuthorClass; readonly text: string },
): Promise<boolean> {
  const { rowCount } = await db.query(
    "update inbox set state = $2, author_class = $3, text = $4 where id = $1 and state = 'received'",
    [id, state, author.authorClass, storableText(author.text)],
  );
  return rowCount === 1;
}

/**
 * Puts a message that was refused back into the inbox, because the person has confirmed it in whose name its thread works. False when
 * somebody has done so before.
 */
export async function confirmEntry(db: Queryable, id: string, owner: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update inbox set state = 'received', confirmed_by = $2, attempts = 0, not_before = now(), claimed_until = null,
            delivered_at = null
     where id = $1 and state = 'refused' and confirmed_by is null`,
    [id, owner],
  );
  if (rowCount === 1) db.wake('bellhop_inbox');
  return rowCount === 1;
}

export type OverdueEntry = Pick<InboxRow, 'id' | 'team' | 'channel' | 'threadTs'>;

/**
 * At most `most` rows that have waited longer than `afterMs` and whose thread was not told yet, those that have waited longest first.
 * Each row is returned once.
 */
export async function takeOverdue(db: Queryable, afterMs: number, most: number): Promise<OverdueEntry[]> {
  const { rows } = await db.query<OverdueEntry>(
    `update inbox set notice_at = now() where id in (
       select id from inbox
       where ${UNDELIVERED} and notice_at is null and kind = 'message' and address <> 'thread' and not overtaken
         and received_at < now() - $1 * interval '1 millisecond'
       order by received_at limit $2 for update skip locked)
     returning id, team, channel, thread_ts as "threadTs"`,
    [afterMs, most],
  );
  return rows;
}

/** Whether a later message in the same thread asks the agent for something. Talk between people does not. */
export async function hasLaterMessage(db: Queryable, entry: InboxEntry): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from inbox
     where session = $1 and kind = 'message' and state in ('received', 'delivered') and ts::numeric > $2::numeric limit 1`,
    [sessionIdOf(entry), entry.ts],
  );
  return rowCount === 1;
}

/** Ends an edit: from now on the agent may read it. False when another attempt has done so. */
export async function keepEdit(
  db: Queryable,
  id: string,
  edit: { readonly authorClass: AuthorClass; readonly text: string; readonly before: string },
): Promise<boolean> {
  const { rowCount } = await db.query(
    "update inbox set state = 'context', author_class = $2, text = $3, text_before = $4 where id = $1 and state = 'received'",
    [id, edit.authorClass, storableText(edit.text), storableText(edit.before)],
  );
  return rowCount === 1;
}

/**
 * What became of the message that an edit is about. One that was left out of the context counts as `answered`: an edit would bring its words
 * back. Null for one that is not stored.
 */
export async function stateOfEdited(
  db: Queryable,
  { team, channel, edits }: Pick<InboxRow, 'team' | 'channel' | 'edits'>,
): Promise<InboxState | null> {
  const { rows } = await db.query<{ state: InboxState }>(
    `select case when deleted_at is not null then 'deleted'
         when state in ('delivered', 'context') and exists (select 1 from session where session.id = inbox.session
           and (turn <= forgotten_turn or inbox.id < forgotten_entry)) then 'answered'
         else state end as state
     from inbox where kind = 'message' and ts = $3 and channel = $2 and team = $1`,
    [team, channel, edits],
  );
  return rows[0]?.state ?? null;
}

/**
 * A row of the inbox from its columns ({@link COLUMNS}).
 */
export function toRow(row: StoredEntry): InboxRow {
  return {
    id: row.id,
    eventId: row.event_id,
    kind: row.kind,
    team: row.team,
    channel: row.channel,
    threadTs: row.thread_ts,
    session: row.session,
    ts: row.ts,
    author: row.author,
    authorClass: row.author_class,
    address: row.address,
    text: row.text,
    files: row.files,
    tags: row.tags,
    edits: row.edits,
    before: row.before,
    state: row.state,
    receivedAt: row.received_at,
    attempts: row.attempts,
    overtaken: row.overtaken,
    confirmedBy: row.confirmed_by,
  };
}
