import type { Queryable } from './database.ts';

/** How much one bucket holds and how fast it fills. */
export interface BucketSize {
  readonly capacity: number;
  readonly perSecond: number;
}

export interface BucketKey {
  readonly team: string;
  readonly method: string;
  /** Empty when the limit holds for the whole workspace. */
  readonly channel: string;
}

/**
 * Takes one token and returns 0, or returns how many milliseconds to wait. The state is in the database, so that
 * gateways share it and restarts keep it. The outbox takes its tokens from the same buckets (`claimOutbox`). The last
 * `reserve` tokens are left to more important callers.
 */
export async function takeToken(db: Queryable, key: BucketKey, size: BucketSize, reserve = 0): Promise<number> {
  const { rows } = await db.query<{ wait: number }>(
    `select ceil(1000 * greatest(extract(epoch from ready_at(bucket, $6, $5) - clock_timestamp()), 0))::int as wait
     from refill_bucket($1, $2, $3, $4, $5) as bucket`,
    [key.team, key.method, key.channel, size.capacity, size.perSecond, reserve],
  );
  const wait = rows[0]?.wait ?? 1_000;
  if (wait > 0) return wait;
  const spent = await db.query(
    'update rate_bucket set tokens = tokens - 1 where team = $1 and method = $2 and channel = $3 and tokens >= 1',
    [key.team, key.method, key.channel],
  );
  return spent.rowCount === 1 ? 0 : Math.ceil(1_000 / size.perSecond);
}

/** Blocks a bucket for `ms` milliseconds, because Slack said so (`Retry-After`). */
export async function blockBucket(db: Queryable, key: BucketKey, ms: number): Promise<void> {
  await db.query(
    `insert into rate_bucket (team, method, channel, tokens, blocked_until)
     values ($1, $2, $3, 0, now() + $4 * interval '1 millisecond')
     on conflict (team, method, channel) do update
     set blocked_until = greatest(rate_bucket.blocked_until, excluded.blocked_until)`,
    [key.team, key.method, key.channel, ms],
  );
}
