import type { Queryable } from './database.ts';
import { type InboxRow, UNDELIVERED } from './inbox.ts';

/**
 * A stop overtakes what waits before it in its thread: those messages start nothing. Accepted ones become context now,
 * the others once it is known who says them and whether they may.
 */
export async function overtakeByStop(db: Queryable, stop: InboxRow): Promise<void> {
  await db.query(
    `update inbox set overtaken = true, state = case state when 'delivered' then 'context' else state end
     where ${UNDELIVERED} and kind = 'message' and id < $1 and team = $2 and channel = $3 and thread_ts = $4`,
    [stop.id, stop.team, stop.channel, stop.threadTs],
  );
}

/** Whether a stop given before this in its thread is not with its session yet: it must not end what came after it. */
export async function awaitsStop(db: Queryable, row: InboxRow): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from inbox where ${UNDELIVERED} and kind = 'stop' and id < $1 and team = $2 and channel = $3
       and thread_ts = $4 limit 1`,
    [row.id, row.team, row.channel, row.threadTs],
  );
  return rowCount === 1;
}
