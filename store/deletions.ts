/** Messages that somebody deletes in Slack, and threads whose first message was deleted. */
import { type SessionId, threadOf } from '../contracts/ids.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import { lockSession } from './turn-fence.ts';

export interface DeletedMessage {
  readonly team: string;
  readonly channel: string;
  readonly ts: string;
}

/** The author of the stop that a deletion makes: Slack does not say who deleted a message. */
export const DELETION = 'deletion';

/** What is deleted loses its words, and nothing reads it any more. */
const DELETE = "update inbox set state = 'deleted', text = '', files = '[]'";
/** The message itself and, where it is the first of a thread, every message of that thread. */
const CONCERNED = `kind = 'message' and turn is null and id in (
  select id from inbox where kind = 'message' and ts = $3 and channel = $2 and team = $1
  union all select id from inbox where session = slack_thread($1, $2, $3))`;

/**
 * Notes that a message was deleted in Slack. One that no turn has read is not worked on. With the first message of a thread the
 * work in that thread ends (`endThread`). Repeating it changes nothing. True when there is something to deliver.
 *
 * There are two transactions, because rows of the inbox are locked before the session's where one is accepted, and after it where a turn
 * reads them:
 * 1. What still waits for its delivery is deleted without any other lock. One that is accepted meanwhile is left to the next step.
 * 2. Under the session's lock, what is accepted is deleted. A turn that has it already keeps it.
 * A gateway that dies in between has not acknowledged the event, so Slack sends it again. Therefore nothing is left out, and no two
 * transactions wait for each other.
 */
export async function noteDeleted(database: Database, message: DeletedMessage): Promise<boolean> {
  const named = [message.team, message.channel, message.ts];
  await database.query(`${DELETE} where ${CONCERNED} and state = 'received'`, named);
  const { rows } = await database.query<{ session: SessionId }>(
    `select id as session from session where id in (
       select session from inbox where kind = 'message' and ts = $3 and channel = $2 and team = $1
       union all select slack_thread($1, $2, $3)) limit 1`,
    named,
  );
  const session = rows[0]?.session;
  if (session === undefined) return false;
  return inTransaction(database, async (db) => {
    if ((await lockSession(db, session)) === null) return false;
    await db.query(
      `${DELETE} where ${CONCERNED} and state in ('delivered', 'context') and not exists (
         select 1 from turn where turn.session = inbox.session and turn.state = 'running' and begun_by = inbox.id)`,
      named,
    );
    return threadOf(session).threadTs === message.ts && (await endThread(db, session));
  });
}

/**
 * Ends the work in a thread whose first message was deleted: nothing is posted there any more, and a stop is put into the inbox, which
 * ends what runs. True when it had not ended before. Call it with the session locked.
 */
export async function endThread(db: Queryable, session: SessionId): Promise<boolean> {
  const { rowCount } = await db.query(
    'update session set root_deleted_at = now(), changed_at = now() where id = $1 and root_deleted_at is null',
    [session],
  );
  if (rowCount === 0) return false;
  const { team, channel, threadTs } = threadOf(session);
  await db.query(
    `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address)
     values ($1, 'stop', $2, $3, $4, $4, '${DELETION}', 'unknown', 'deletion') on conflict do nothing`,
    [`deleted:${session}`, team, channel, threadTs],
  );
  db.wake('bellhop_inbox');
  return true;
}

/** Whether the first message of a session's thread was deleted. */
export async function isThreadGone(db: Queryable, session: SessionId): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from session where id = $1 and root_deleted_at is not null', [session]);
  return rowCount === 1;
}
