import type { Queryable } from './database.ts';

/** How much one bucket holds and how fast it fills. */
export interface BucketSize {
  readonly capacity: number;
  readonly perSecond: number;
}

export interface BucketKey {
  readonly team: string;
  readonly method: string;
  /** Empty where the limit is the workspace's. */
  readonly channel: string;
}

/**
 * Takes one token, or says how many milliseconds to wait. The state is in the database, so that several gateways and
 * restarts share it. `reserve` tokens are left for callers that matter more.
 */
export async function takeToken(db: Queryable, key: BucketKey, size: BucketSize, reserve = 0): Promise<number> {
  const { rows } = await db.query<{ taken: boolean; wait: number }>(
    `with fresh as (
       insert into rate_bucket (team, method, channel, tokens) values ($1, $2, $3, $4)
       on conflict (team, method, channel) do update
         set tokens = least($4, rate_bucket.tokens + $5 * extract(epoch from clock_timestamp() - rate_bucket.refilled_at)),
             refilled_at = clock_timestamp()
       returning tokens, blocked_until),
     answer as (
       select tokens,
         greatest(coalesce(extract(epoch from blocked_until - clock_timestamp()), 0), 0) as blocked,
         greatest((1 + $6 - tokens) / $5, 0) as short
       from fresh)
     select blocked = 0 and short = 0 as taken, ceil(1000 * greatest(blocked, short))::int as wait from answer`,
    [key.team, key.method, key.channel, size.capacity, size.perSecond, reserve],
  );
  const answer = rows[0];
  if (!answer?.taken) return Math.max(answer?.wait ?? 1_000, 1);
  const spent = await db.query(
    'update rate_bucket set tokens = tokens - 1 where team = $1 and method = $2 and channel = $3 and tokens >= 1',
    [key.team, key.method, key.channel],
  );
  return spent.rowCount === 1 ? 0 : Math.ceil(1_000 / size.perSecond);
}

/** Slack said to stay away from this method for a while (`Retry-After`). */
export async function blockBucket(db: Queryable, key: BucketKey, ms: number): Promise<void> {
  await db.query(
    `insert into rate_bucket (team, method, channel, tokens, blocked_until)
     values ($1, $2, $3, 0, now() + $4 * interval '1 millisecond')
     on conflict (team, method, channel) do update
     set blocked_until = greatest(rate_bucket.blocked_until, excluded.blocked_until)`,
    [key.team, key.method, key.channel, ms],
  );
}
