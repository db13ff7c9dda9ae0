/** When there is something to do next that no notification tells of. Loops that find nothing sleep until then. */
import type { Queryable } from './database.ts';
import { UNDELIVERED } from './inbox.ts';

/**
 * Milliseconds until a row of the outbox may be claimed: 0 when a lane waits for a token of Slack's limits, and null when
 * nothing is to be sent. A row that somebody has claimed counts too, in case its sender dies.
 */
export async function nextOutboxDueMs(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ ms: number | null }>(
    `select case when exists (select 1 from outbox_lane where class is not null) then 0 else (
       select extract(epoch from min(first.due_at) - clock_timestamp())::float8 * 1000
       from generate_series(1, 4) of_class,
       lateral (select due_at from outbox
                where class = of_class and not queued and sent_revision < revision and failed is null
                order by due_at limit 1) first) end as ms`,
  );
  return atLeastZero(rows[0]?.ms);
}

/** Milliseconds until a row of the inbox may be claimed; null when all are delivered. */
export async function nextInboxDueMs(db: Queryable): Promise<number | null> {
  const { rows } = await db.query<{ ms: number | null }>(
    `select extract(epoch from min(greatest(not_before, claimed_until)) - clock_timestamp())::float8 * 1000 as ms
     from inbox where ${UNDELIVERED}`,
  );
  return atLeastZero(rows[0]?.ms);
}

function atLeastZero(ms: number | null | undefined): number | null {
  return ms === null || ms === undefined ? null : Math.max(0, ms);
}
