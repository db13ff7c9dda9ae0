import type { Installation } from '../test/support/installation/installation.ts';

/**
 * Rounds follow each other faster than people write. Without this, later ones would measure the limits by which
 * Bellhop keeps below Slack's own (slack/api/rate-limits.ts).
 */
export async function refillBuckets({ database }: Pick<Installation, 'database'>): Promise<void> {
  await database.query('delete from rate_bucket');
}
