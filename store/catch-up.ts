import type { Queryable } from './database.ts';
import { AGO } from './slack-watermark.ts';

/** The right to catch up for the whole installation: one gateway has it at a time. A higher fence ends a lower one. */
export interface CatchUpLease {
  readonly team: string;
  readonly holder: string;
  readonly fence: string;
}

/** A holder that does not renew loses the lease after this. It renews every few seconds. */
const LEASE = "interval '15 seconds'";

/** Another gateway has taken over. Whatever this one still wants to write is refused. */
export class CatchUpLeaseLost extends Error {
  constructor() {
    super('another gateway catches up now');
  }
}

/**
 * Asks the gateways to read everything that was said until now. One of them will do it. If a catch-up is under way,
 * this extends it.
 * @param provenAgoMs the age of the last proof that this gateway's own connection was alive; null when it had none yet
 * @returns this moment, by the database's clock
 */
export async function requestCatchUp(
  db: Queryable,
  team: string,
  gateway: string,
  provenAgoMs: number | null,
): Promise<Date> {
  // The gateway's row says from where to read. A new gateway has heard nothing, so it begins where the others are.
  await db.query(
    `insert into slack_watermark (team, gateway, seen_until)
     select $1, $2, coalesce(${AGO}, min(seen_until)) from slack_watermark where team = $1
     having $3::float8 is not null or min(seen_until) is not null
     on conflict (team, gateway) do nothing`,
    [team, gateway, provenAgoMs],
  );
  const { rows } = await db.query<{ needed_until: Date }>(
    `insert into slack_catch_up (team, needed_until) values ($1, date_trunc('milliseconds', clock_timestamp()))
     on conflict (team) do update set needed_until = greatest(slack_catch_up.needed_until, excluded.needed_until)
     returning needed_until`,
    [team],
  );
  return rows[0]?.needed_until ?? new Date();
}

/** Takes the lease when there is something to read and nobody holds it; null otherwise. */
export async function takeCatchUpLease(db: Queryable, team: string, holder: string): Promise<CatchUpLease | null> {
  const { rows } = await db.query<{ fence: string }>(
    `update slack_catch_up set holder = $2, fence = fence + 1, held_until = now() + ${LEASE}
     where team = $1 and needed_until > done_until and held_until < now() returning fence`,
    [team, holder],
  );
  return rows[0] ? { team, holder, fence: rows[0].fence } : null;
}

/**
 * Keeps the lease.
 * @returns up to when everything has to be read, and the time by the database's clock
 * @throws CatchUpLeaseLost
 */
export async function renewCatchUpLease(
  db: Queryable,
  lease: CatchUpLease,
): Promise<{ readonly neededUntil: Date; readonly now: Date }> {
  const { rows } = await db.query<{ neededUntil: Date; now: Date }>(
    `update slack_catch_up set held_until = now() + ${LEASE} where team = $1 and fence = $2
     returning needed_until as "neededUntil", clock_timestamp() as now`,
    [lease.team, lease.fence],
  );
  if (!rows[0]) throw new CatchUpLeaseLost();
  return rows[0];
}

/** Gives up the lease, so that another gateway can continue at once. */
export async function dropCatchUpLease(db: Queryable, lease: CatchUpLease): Promise<void> {
  await db.query("update slack_catch_up set held_until = 'epoch' where team = $1 and fence = $2", [
    lease.team,
    lease.fence,
  ]);
}

/**
 * Everything until `until` was read: the watermark of every gateway that is there moves on, the rows of those that were
 * gone by then end, and the progress of this catch-up is forgotten. False when more has been asked for meanwhile, or
 * another gateway has the lease.
 *
 * The row of a gateway that went later stays:
 * 1. A long catch-up reads everything until 12:00. It ends at 12:05.
 * 2. Another gateway dies at 12:03. What Slack sent to it at last is lost, and nobody has read it.
 * 3. If its row ended now, nobody would know that anything is missing.
 * Therefore its row stays, `beat` says that a gateway is lost, and the next catch-up reads on from there.
 */
export async function finishCatchUp(db: Queryable, lease: CatchUpLease, until: Date): Promise<boolean> {
  const { rows } = await db.query<{ finished: boolean }>(
    `with finished as (
       update slack_catch_up set done_until = $3, held_until = 'epoch'
       where team = $1 and fence = $2 and needed_until <= $3 returning team),
     gone as (
       delete from slack_watermark using finished
       where slack_watermark.team = finished.team and beat_at < $3::timestamptz - interval '60 seconds'),
     raised as (
       update slack_watermark set seen_until = greatest(seen_until, $3) from finished
       where slack_watermark.team = finished.team and beat_at >= now() - interval '60 seconds'),
     begun as (
       insert into slack_watermark (team, gateway, seen_until) select team, $4, $3 from finished
       on conflict (team, gateway) do nothing),
     cleared as (delete from slack_catch_up_place using finished where slack_catch_up_place.team = finished.team)
     select exists (select 1 from finished) as finished`,
    [lease.team, lease.fence, until, lease.holder],
  );
  return rows[0]?.finished ?? false;
}

/** How far one place was read in the catch-up under way: a channel, or a thread that is still to be read. */
export interface PlaceProgress {
  readonly channel: string;
  /** Null for a channel. */
  readonly threadTs: string | null;
  /** Messages before this moment need not be read again. */
  readonly readUntil: Date;
}

/** The progress that an earlier run of this catch-up has stored, perhaps on another gateway. */
export async function catchUpProgress(db: Queryable, team: string): Promise<PlaceProgress[]> {
  const { rows } = await db.query<{ channel: string; thread_ts: string; read_until: Date }>(
    'select channel, thread_ts, read_until from slack_catch_up_place where team = $1',
    [team],
  );
  return rows.map((row) => ({ channel: row.channel, threadTs: row.thread_ts || null, readUntil: row.read_until }));
}

/**
 * Notes that a channel was read, and that these threads in it have something new. One statement writes both, so that a
 * crash loses no thread.
 */
export async function saveChannelRead(
  db: Queryable,
  lease: CatchUpLease,
  channel: string,
  readUntil: Date,
  threads: readonly { readonly threadTs: string; readonly readFrom: Date }[],
): Promise<void> {
  await db.query(
    `with held as (select team from slack_catch_up where team = $1 and fence = $2 for share),
     threads as (
       insert into slack_catch_up_place (team, channel, thread_ts, read_until)
       select held.team, $3, thread.ts, thread.read_from from held, unnest($5::text[], $6::timestamptz[]) thread (ts, read_from)
       on conflict do nothing)
     insert into slack_catch_up_place (team, channel, thread_ts, read_until) select team, $3, '', $4 from held
     on conflict (team, channel, thread_ts) do update set read_until = excluded.read_until`,
    [
      lease.team,
      lease.fence,
      channel,
      readUntil,
      threads.map((thread) => thread.threadTs),
      threads.map((thread) => thread.readFrom),
    ],
  );
}

/** Notes that a thread was read. It is not read again in this catch-up. */
export async function saveThreadRead(
  db: Queryable,
  lease: CatchUpLease,
  channel: string,
  threadTs: string,
): Promise<void> {
  await db.query(
    `delete from slack_catch_up_place place using slack_catch_up lease
     where lease.team = $1 and lease.fence = $2 and place.team = lease.team and place.channel = $3
       and place.thread_ts = $4`,
    [lease.team, lease.fence, channel, threadTs],
  );
}
