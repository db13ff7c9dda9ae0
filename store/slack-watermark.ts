import type { Queryable } from './database.ts';

/** A gateway whose row was not updated for this long is dead or frozen. */
const GONE = "interval '60 seconds'";

/** SQL for the moment that is `$3` milliseconds ago, by the database's clock. Null for null. */
export const AGO = "clock_timestamp() - $3::float8 * interval '1 millisecond'";

export interface CatchUpState {
  /** All messages until then must be read. Null when no catch-up was ever requested. */
  readonly neededUntil: Date | null;
  /** All messages until then were read. */
  readonly doneUntil: Date | null;
  /** True when another gateway is dead, so that the last events Slack sent to it may be lost. */
  readonly lost: boolean;
}

/**
 * Stores that a gateway is alive, and the last proof that its connection to Slack was alive. The watermark never moves
 * back. It is written by the database's clock: the clock of a gateway may be ahead, and a watermark in the future would
 * skip what is said until then. The clocks of the database and of Slack may differ by the time before the watermark that
 * a catch-up reads again.
 * @param seenAgoMs the age of the proof; null while the gateway does not know what it has missed. Then its watermark does not move.
 */
export async function beat(
  db: Queryable,
  team: string,
  gateway: string,
  seenAgoMs: number | null,
): Promise<CatchUpState> {
  if (seenAgoMs !== null) {
    await db.query(
      `insert into slack_watermark (team, gateway, seen_until) values ($1, $2, ${AGO})
       on conflict (team, gateway) do update
       set seen_until = greatest(slack_watermark.seen_until, excluded.seen_until), beat_at = now()`,
      [team, gateway, seenAgoMs],
    );
  } else {
    await db.query('update slack_watermark set beat_at = now() where team = $1 and gateway = $2', [team, gateway]);
  }
  const { rows } = await db.query<CatchUpState>(
    `select max(needed_until) as "neededUntil", max(done_until) as "doneUntil",
       exists (select 1 from slack_watermark where team = $1 and gateway <> $2 and beat_at < now() - ${GONE}) as lost
     from slack_catch_up where team = $1`,
    [team, gateway],
  );
  return rows[0] ?? { neededUntil: null, doneUntil: null, lost: false };
}

/** Notes that a gateway ends in order. Its watermark is complete, and the next catch-up may delete its row. */
export async function leave(db: Queryable, team: string, gateway: string): Promise<void> {
  await db.query("update slack_watermark set beat_at = 'epoch' where team = $1 and gateway = $2", [team, gateway]);
}

/**
 * The moment until which all events that Slack sent to any gateway are surely stored. Null before the first connection
 * ever. It is the earliest watermark of all gateways, because Slack sends each event to only one of them.
 */
export async function oldestWatermark(db: Queryable, team: string): Promise<Date | null> {
  const { rows } = await db.query<{ seen_until: Date | null }>(
    'select min(seen_until) as seen_until from slack_watermark where team = $1',
    [team],
  );
  return rows[0]?.seen_until ?? null;
}
