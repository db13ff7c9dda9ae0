/** Which undelivered rows of the inbox are worked on next, and by whom. */
import type { Queryable } from './database.ts';
import { COLUMNS, type InboxRow, type StoredEntry, toRow, UNDELIVERED } from './inbox.ts';

/** The lane of a row. Rows of one lane are worked on one after the other. */
const LANE = "case kind when 'stop' then 'stop:' || id else session end";

/**
 * Claims undelivered rows for `leaseMs`. No other worker gets them in this time. The rows of a worker that dies are
 * claimed again afterwards.
 *
 * - A thread is a lane. Only its first row is claimed, and none while another of its rows is claimed. So a busy thread
 *   takes one place, even when many rows wait in it.
 * - A row that waits for its next attempt lets later rows pass.
 * - A stop is a lane of its own, so it does not wait behind a message whose files are still coming.
 * - Channels take turns: the channel that was served longest ago is next. Inside a channel stops come first, then the
 *   row that has been due longest. A failed row becomes due later and then waits like any other.
 *
 * The claim answers with ids only, and the rows are read after it: PostgreSQL keeps the locks of a statement until its
 * answer is sent, and a gateway that freezes may never take a long one (outbox-claims.ts has the steps). A row that has
 * been claimed again between the two statements is left out.
 */
export async function claimUndelivered(db: Queryable, limit: number, leaseMs: number): Promise<InboxRow[]> {
  const { rows: claims } = await db.query<{ id: string; attempts: number }>(
    `with lane as (
       select distinct on (${LANE}) id, team, channel, kind, not_before, claimed_until from inbox
       where ${UNDELIVERED} and (not_before <= now() or claimed_until > now())
       order by ${LANE}, claimed_until > now() desc nulls last, id),
     ranked as (
       select lane.*, row_number() over (partition by team, channel order by kind = 'stop' desc, not_before, id) as place
       from lane where claimed_until is null or claimed_until <= now()),
     due as (
       select ranked.id from ranked left join inbox_served turn using (team, channel)
       order by kind = 'stop' desc, place, turn.served_at nulls first, ranked.not_before, ranked.id limit $1),
     locked as (
       select id from inbox where id in (select id from due)
         and ${UNDELIVERED} and not_before <= now() and (claimed_until is null or claimed_until <= now())
       for update skip locked),
     claimed as (
       update inbox set attempts = attempts + 1, claimed_until = now() + $2 * interval '1 millisecond'
       where id in (select id from locked) returning id, team, channel, attempts),
     served as (
       insert into inbox_served (team, channel, served_at)
       select team, channel, clock_timestamp() from claimed group by team, channel order by team, channel
       on conflict (team, channel) do update set served_at = excluded.served_at)
     select id, attempts from claimed`,
    [limit, leaseMs],
  );
  if (claims.length === 0) return [];
  const { rows } = await db.query<StoredEntry>(
    `select ${COLUMNS} from unnest($1::bigint[], $2::int[]) as claimed (of_id, nth_attempt)
     join inbox on id = of_id and attempts = nth_attempt where ${UNDELIVERED}`,
    [claims.map(({ id }) => id), claims.map(({ attempts }) => attempts)],
  );
  return rows.map(toRow).sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
}

/** Extends the claim on these rows by `leaseMs`. A row that was put back in the meantime stays put back. */
export async function holdEntries(db: Queryable, ids: readonly string[], leaseMs: number): Promise<void> {
  await db.query(
    `update inbox set claimed_until = now() + $2 * interval '1 millisecond'
     where id = any($1::bigint[]) and claimed_until is not null and ${UNDELIVERED}`,
    [ids, leaseMs],
  );
}

/** Notes a failed attempt. The row is tried again after `ms` milliseconds. */
export async function postponeEntry(db: Queryable, id: string, ms: number): Promise<void> {
  await db.query(
    "update inbox set claimed_until = null, not_before = now() + $2 * interval '1 millisecond' where id = $1",
    [id, ms],
  );
}

/** Puts back a row that came too early, for `ms` milliseconds. This does not count as an attempt. */
export async function putBackEntry(db: Queryable, id: string, ms: number): Promise<void> {
  await db.query(
    `update inbox set claimed_until = null, attempts = greatest(attempts - 1, 0),
       not_before = now() + $2 * interval '1 millisecond' where id = $1`,
    [id, ms],
  );
}

/** Makes rows due now, because what they waited for has happened. */
export async function makeDue(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query(
    `update inbox set not_before = now()
     where id = any($1::bigint[]) and ${UNDELIVERED} and claimed_until is null and not_before > now()`,
    [ids],
  );
}
