import type { Queryable } from './database.ts';

/** Up to when every event of a workspace is known to have been stored; null before the first connection. */
export async function getWatermark(db: Queryable, team: string): Promise<Date | null> {
  const { rows } = await db.query<{ seen_until: Date }>('select seen_until from slack_watermark where team = $1', [
    team,
  ]);
  return rows[0]?.seen_until ?? null;
}

/** Everything of the team until then has been looked at. It never goes back. */
export async function setWatermark(db: Queryable, team: string, seenUntil: Date): Promise<void> {
  await db.query(
    `insert into slack_watermark (team, seen_until) values ($1, $2)
     on conflict (team) do update set seen_until = greatest(slack_watermark.seen_until, excluded.seen_until)`,
    [team, seenUntil],
  );
}
