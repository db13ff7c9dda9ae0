/** How events get into the inbox. */
import type { Queryable } from './database.ts';
import type { InboxEntry } from './inbox.ts';
import { storableJson, storableText } from './storable.ts';

/** An event and when it is kept: `always`, or only where the agent is in the thread already or was just called into it. */
export interface Arrival {
  readonly keep: 'always' | 'in-thread';
  readonly entry: InboxEntry;
}

/** `new`: stored now. `known`: stored already. `elsewhere`: the agent is not in its thread, so it is not kept. */
export type Kept = 'new' | 'known' | 'elsewhere';

/**
 * Stores events that wait at the same time, in one statement: so they share one commit, and no half of one can be
 * stored. They are stored in the order of Slack's `ts`, for two reasons. A reply finds the mention above it. And two
 * gateways that store the same messages at once take the same locks in the same order.
 *
 * The statement has a name, so that PostgreSQL keeps its plan: making one takes longer than storing a few events.
 *
 * @returns for each arrival what became of it, in the order given
 * @throws when PostgreSQL refuses one of them; then none is stored
 */
export async function keepEntries(db: Queryable, arrivals: readonly Arrival[]): Promise<Kept[]> {
  const given = arrivals.map(({ keep, entry }, nth) => ({ ...entry, nth, inThread: keep === 'in-thread' }));
  const { rows } = await db.query<{ nth: number; joined: boolean; stored: boolean }>({
    name: 'keep_entries',
    text: `with arrival as materialized (
       select *, slack_thread(team, channel, "threadTs") as session
       from jsonb_to_recordset($1::jsonb) as one (nth int, "inThread" boolean, "eventId" text, kind text, team text, channel text,
         "threadTs" text, ts text, author text, "authorClass" text, address text, text text, files jsonb,
         tags text[], edits text, before text)),
     judged as materialized (
       select *, not "inThread" or ${JOINED} as joined,
         row_number() over (partition by "eventId" order by ts::numeric, nth) as copy
       from arrival),
     stored as (
       insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, text, files, tags, edits, text_before)
       select "eventId", kind, team, channel, "threadTs", ts, author, "authorClass", address, text, files, coalesce(tags, '{}'), edits, before
       from judged where joined order by ts::numeric, channel, nth
       on conflict do nothing returning event_id)
     select nth, joined, copy = 1 and "eventId" in (select event_id from stored) as stored from judged order by nth`,
    values: [storableJson(given)],
  });
  if (rows.some(({ stored }) => stored)) db.wake('bellhop_inbox');
  return rows.map(({ joined, stored }) => (stored ? 'new' : joined ? 'known' : 'elsewhere'));
}

/** What calls the agent into a thread. */
const CALLS = "address in ('mention', 'dm', 'schedule')";
const NO_EDIT = "kind <> 'edit'";
/** Whether the agent is in the arrival's thread, or was called into it before the arrival was written. */
const JOINED = `exists (select 1 from session where id = arrival.session)
  or exists (select 1 from inbox call where call.session = arrival.session and call.${CALLS} and call.${NO_EDIT}
             and call.state in ('received', 'delivered') and call.ts::numeric < arrival.ts::numeric)
  or exists (select 1 from arrival call where call.session = arrival.session and call.${CALLS} and call.${NO_EDIT}
             and call.ts::numeric < arrival.ts::numeric)`;

/** Which of these messages of one channel `keepHistory` leaves as they are, by their `ts`. */
export async function storedForGood(
  db: Queryable,
  { team, channel }: Pick<InboxEntry, 'team' | 'channel'>,
  entries: readonly Pick<InboxEntry, 'ts'>[],
): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ ts: string }>(
    `select ts from inbox where ts = any($3) and channel = $2 and team = $1 and kind = 'message' and not (${BECOMES_CONTEXT})`,
    [team, channel, entries.map(({ ts }) => ts)],
  );
  return new Set(rows.map(({ ts }) => ts));
}

const BECOMES_CONTEXT = "inbox.state = 'refused' and inbox.turn is null";

/**
 * Stores messages that were written in a thread before the agent was called into it. The agent reads them as context
 * but does not act on them. Messages that are stored already stay as they are, but for one that was refused, as a mention of an app or
 * a guest: people see it in the thread, so it becomes context too.
 */
export async function keepHistory(db: Queryable, entries: readonly InboxEntry[]): Promise<void> {
  for (const entry of entries) {
    await db.query(
      `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, text, files, state,
         received_at, tags)
       values ($1, 'message', $2, $3, $4, $5, $6, $7, 'thread', $8, $9, 'context', to_timestamp($5::text::double precision), $10)
       on conflict (ts, channel, team) where kind = 'message' do update
       set state = 'context', author_class = excluded.author_class, text = excluded.text, files = excluded.files
       where ${BECOMES_CONTEXT}`,
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
        entry.tags ?? [],
      ],
    );
  }
}
