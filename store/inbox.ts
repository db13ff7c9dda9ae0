import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { storableJson, storableText } from './storable.ts';

export type InboxKind = 'message' | 'stop' | 'schedule';
export type InboxState = 'received' | 'delivered' | 'refused' | 'context' | 'answered';
/** How it came to us: tagged, in a one-to-one DM, untagged in a thread that has a session, by a button, by the clock. */
export type Address = 'mention' | 'dm' | 'thread' | 'button' | 'schedule';
export type AuthorClass = 'member' | 'guest' | 'external' | 'bot' | 'unknown';

/** A file somebody attached. `file` names its row once it was fetched; `problem` says in words why it was not. */
export interface InboxFile {
  readonly id: string;
  readonly name: string;
  readonly mimetype: string;
  /** Bytes, as Slack says. */
  readonly size: number;
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
  /** `bot` when the event itself says so; `unknown` until Slack's directory was asked. */
  readonly authorClass: AuthorClass;
  readonly address: Address;
  /** As Slack sent it until the row is accepted; from then on plain text. */
  readonly text: string;
  readonly files: readonly InboxFile[];
}

export interface InboxRow extends InboxEntry {
  readonly id: string;
  readonly state: InboxState;
  readonly receivedAt: Date;
  readonly attempts: number;
  /** A stop came after it while nobody knew yet who says it. */
  readonly overtaken: boolean;
}

interface Row {
  id: string;
  event_id: string;
  kind: InboxKind;
  team: string;
  channel: string;
  thread_ts: string;
  ts: string;
  author: string;
  author_class: AuthorClass;
  address: Address;
  text: string;
  files: InboxFile[];
  state: InboxState;
  received_at: Date;
  attempts: number;
  overtaken: boolean;
}

const COLUMNS = `inbox.id, inbox.event_id, inbox.kind, inbox.team, inbox.channel, inbox.thread_ts, inbox.ts, inbox.author,
  inbox.author_class, inbox.address, inbox.text, inbox.files, inbox.state, inbox.received_at, inbox.attempts,
  inbox.overtaken`;
/** What nobody has brought to its end yet. */
export const UNDELIVERED = "delivered_at is null and state in ('received', 'delivered')";

/** Keeps an event unless it is known already; null when it is. One statement, so that it is kept or not. */
export async function keepEntry(db: Queryable, entry: InboxEntry): Promise<string | null> {
  return insertEntry(db, entry, 'true');
}

/** Keeps an untagged message only where the agent is already part of the thread, or was just called into it. */
export async function keepThreadEntry(db: Queryable, entry: InboxEntry): Promise<string | null> {
  return insertEntry(
    db,
    entry,
    `(exists (select 1 from session s where s.team = $3 and s.channel = $4 and s.thread_ts = $5)
      or exists (select 1 from inbox i where i.team = $3 and i.channel = $4 and i.thread_ts = $5
                 and i.address in ('mention', 'dm', 'schedule') and i.state in ('received', 'delivered')))`,
  );
}

async function insertEntry(db: Queryable, entry: InboxEntry, condition: string): Promise<string | null> {
  const { rows } = await db.query<{ id: string }>(
    `with kept as (
       insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, text,
         files)
       select $1, $2, $3::text, $4::text, $5::text, $6, $7, $8, $9, $10, $11::jsonb where ${condition}
       on conflict do nothing returning id)
     select id, pg_notify('bellhop_inbox', id::text) from kept`,
    [
      entry.eventId,
      entry.kind,
      entry.team,
      entry.channel,
      entry.threadTs,
      entry.ts,
      entry.author,
      entry.authorClass,
      entry.address,
      storableText(entry.text),
      storableJson(entry.files),
    ],
  );
  return rows[0]?.id ?? null;
}

/**
 * Keeps what was said in a thread before the agent was called into it: read by the agent as context, acted on by
 * nobody. What is known already stays as it is.
 */
export async function keepHistory(db: Queryable, entries: readonly InboxEntry[]): Promise<void> {
  for (const entry of entries) {
    await db.query(
      `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, text, files, state,
         received_at)
       values ($1, 'message', $2, $3, $4, $5, $6, $7, 'thread', $8, $9, 'context', to_timestamp($5::text::double precision))
       on conflict do nothing`,
      [
        entry.eventId,
        entry.team,
        entry.channel,
        entry.threadTs,
        entry.ts,
        entry.author,
        entry.authorClass,
        storableText(entry.text),
        storableJson(entry.files),
      ],
    );
  }
}

/**
 * Takes rows that nobody has delivered, and keeps others from taking them for `leaseMs`. A row whose holder dies is
 * taken again after that. Those that were tried least come first: in an outage `status` is not kept waiting by what
 * cannot be delivered.
 */
export async function claimUndelivered(db: Queryable, limit: number, leaseMs: number): Promise<InboxRow[]> {
  const { rows } = await db.query<Row>(
    `update inbox set attempts = attempts + 1, not_before = now() + $2 * interval '1 millisecond'
     where id in (select id from inbox where ${UNDELIVERED} and not_before <= now()
                  order by attempts, id limit $1 for update skip locked)
     returning ${COLUMNS}`,
    [limit, leaseMs],
  );
  return rows.map(toRow).sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
}

/** Keeps a row from being claimed for so long; another postponement replaces this one. */
export async function postponeEntry(db: Queryable, id: string, ms: number): Promise<void> {
  await db.query("update inbox set not_before = now() + $2 * interval '1 millisecond' where id = $1", [id, ms]);
}

export interface AcceptedEntry {
  readonly authorClass: AuthorClass;
  /** Plain text, as the agent reads it. */
  readonly text: string;
  readonly files: readonly InboxFile[];
}

/**
 * From now on the agent may read it. It still counts as undelivered until its signal was accepted. False when a stop
 * has overtaken it meanwhile.
 */
export async function acceptEntry(db: Queryable, id: string, accepted: AcceptedEntry): Promise<boolean> {
  const { rowCount } = await db.query(
    `update inbox set state = 'delivered', author_class = $2, text = $3, files = $4
     where id = $1 and state = 'received' and not overtaken`,
    [id, accepted.authorClass, storableText(accepted.text), storableJson(accepted.files)],
  );
  return rowCount === 1;
}

/** Its signal was accepted by Temporal: it is not delivered again, and whoever shows the thread is notified. */
export async function markSignalled(db: Queryable, id: string, session: SessionId): Promise<void> {
  await db.query(
    `with signalled as (update inbox set delivered_at = now() where id = $1 returning id)
     select pg_notify('bellhop_thread', $2) from signalled`,
    [id, session],
  );
}

/** Ends the row's way without a signal. */
export async function closeEntry(
  db: Queryable,
  id: string,
  state: 'refused' | 'context' | 'answered',
  author: { readonly authorClass: AuthorClass; readonly text: string },
): Promise<void> {
  await db.query("update inbox set state = $2, author_class = $3, text = $4 where id = $1 and state = 'received'", [
    id,
    state,
    author.authorClass,
    storableText(author.text),
  ]);
}

/** Rows that wait longer than `afterMs` and whose thread was not told so yet; each is returned once. */
export async function takeOverdue(db: Queryable, afterMs: number): Promise<InboxRow[]> {
  const { rows } = await db.query<Row>(
    `update inbox set notice_at = now()
     where ${UNDELIVERED} and notice_at is null and kind = 'message' and address <> 'thread' and not overtaken
       and received_at < now() - $1 * interval '1 millisecond'
     returning ${COLUMNS}`,
    [afterMs],
  );
  return rows.map(toRow);
}

/** Whether somebody asked for something in the same thread after this. */
export async function hasLaterMessage(db: Queryable, entry: InboxEntry): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from inbox where team = $1 and channel = $2 and thread_ts = $3 and kind = 'message'
       and ts::numeric > $4::numeric limit 1`,
    [entry.team, entry.channel, entry.threadTs, entry.ts],
  );
  return rowCount === 1;
}

export interface Spoken {
  readonly author: string;
  readonly at: Date;
}

/** Who said something in a thread before a Slack `ts`, and when; oldest first. */
export async function spokenBefore(
  db: Queryable,
  team: string,
  channel: string,
  threadTs: string,
  before: string,
): Promise<Spoken[]> {
  const { rows } = await db.query<{ author: string; ts: string }>(
    `select author, ts from inbox
     where team = $1 and channel = $2 and thread_ts = $3 and kind = 'message' and ts::numeric < $4::numeric
     order by ts::numeric`,
    [team, channel, threadTs, before],
  );
  return rows.map((row) => ({ author: row.author, at: new Date(Number(row.ts) * 1000) }));
}

function toRow(row: Row): InboxRow {
  return {
    id: row.id,
    eventId: row.event_id,
    kind: row.kind,
    team: row.team,
    channel: row.channel,
    threadTs: row.thread_ts,
    ts: row.ts,
    author: row.author,
    authorClass: row.author_class,
    address: row.address,
    text: row.text,
    files: row.files,
    state: row.state,
    receivedAt: row.received_at,
    attempts: row.attempts,
    overtaken: row.overtaken,
  };
}
