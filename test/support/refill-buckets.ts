import type { Queryable } from '../../store/database.ts';

/**
 * Fills the buckets by which Bellhop keeps below Slack's own limits (slack/api/rate-limits.ts). Tests and rounds of a measurement follow each
 * other faster than people write. Without this, later ones would measure those limits.
 *
 * It takes the lock of `claim_outbox` first: both lock several buckets, each in an order of its own, and would wait for each other.
 */
export async function refillBuckets({ database }: { readonly database: Queryable }): Promise<void> {
  await database.query('do $$ begin perform pg_advisory_xact_lock(8245109); delete from rate_bucket; end $$');
}
