import type { Queryable } from './database.ts';
import { type InboxRow, UNDELIVERED } from './inbox.ts';

/**
 * Makes a stop overtake the messages that wait before it in its thread, so that they begin no turn. Accepted messages
 * become context now. Others become context once their author is known and allowed.
 */
export async function overtakeByStop(db: Queryable, stop: InboxRow): Promise<void> {
  await db.query(
    `update inbox set overtaken = true, state = case state when 'delivered' then 'context' else state end
     where ${UNDELIVERED} and kind in ('message', 'schedule') and id < $1 and session = $2`,
    [stop.id, stop.session],
  );
}

/** Whether a stop has overtaken something that somebody has asked the agent for. An earlier stop has its own. */
export async function hasOvertaken(db: Queryable, stop: InboxRow): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from inbox where session = $2 and overtaken and address <> 'thread' and id < $1
       and id > coalesce((select max(id) from inbox earlier where session = $2 and kind = 'stop' and id < $1), 0) limit 1`,
    [stop.id, stop.session],
  );
  return rowCount === 1;
}

/**
 * Whether a stop was stored after something that was said later in its thread: Slack sent it again, because it was not acknowledged. It
 * would end the work on what was said later, whose author would get no answer.
 */
export async function cameLate(db: Queryable, stop: InboxRow): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from inbox where session = $1 and id < $2 and kind = 'message' and state in ('received', 'delivered')
       and ts::numeric > $3::numeric limit 1`,
    [stop.session, stop.id, stop.ts],
  );
  return rowCount === 1;
}

/** Whether an earlier stop in the thread is not with its session yet. It must not end a turn that began after it. */
export async function awaitsStop(db: Queryable, row: InboxRow): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from inbox where ${UNDELIVERED} and kind = 'stop' and id < $1 and session = $2 limit 1`,
    [row.id, row.session],
  );
  return rowCount === 1;
}
