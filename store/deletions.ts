/** Messages that somebody deletes in Slack, and threads whose first message was deleted. */
import { type SessionId, threadOf } from '../contracts/ids.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import { UNDELIVERED } from './inbox.ts';
import { lockSession } from './turn-fence.ts';

export interface DeletedMessage {
  readonly team: string;
  readonly channel: string;
  readonly ts: string;
}

/** The author of the stop that a deletion makes: Slack does not say who deleted a message. */
export const DELETION = 'deletion';

/** What is deleted loses its words, and nothing reads it any more. */
export const DELETE = "update inbox set state = 'deleted', text = '', text_before = null, files = '[]'";
/** The message itself, and what it was edited to. */
const ITSELF = `select id from inbox where kind = 'message' and ts = $3 and channel = $2 and team = $1
  union all select id from inbox where kind = 'edit' and edits = $3 and channel = $2 and team = $1`;
/** Where it is the first of a thread, every message of that thread and what it was edited to. */
const ITS_THREAD = 'select id from inbox where session = slack_thread($1, $2, $3)';
const UNREAD = "turn is null and state in ('delivered', 'context') and kind in ('message', 'edit')";
/**
 * Whether a running turn still needs the row. Then it must not be deleted yet. That is a message for which the turn began, or
 * an edit of such a message while the turn has not read it: without the edit the turn would act on words that were taken
 * back. A turn that a restart has left out needs nothing.
 */
const HAS_BEGUN = `exists (
  select 1 from turn join session on session.id = turn.session
  where turn.session = inbox.session and turn.state = 'running' and number > forgotten_turn
    and begun_by in (inbox.id, (select of.id from inbox of
      where of.kind = 'message' and of.ts = inbox.edits and of.channel = inbox.channel and of.team = inbox.team and of.turn is null)))`;

/**
 * Notes that a message was deleted in Slack. One that no turn has read is not worked on. One that a turn has is marked, so that no restart
 * hands it out again. With the first message of a thread the work in that thread ends (`endThread`). Repeating it changes nothing. True
 * when there is something to deliver.
 *
 * There are several transactions, because rows of the inbox are locked before the session's where one is accepted, and after it where a turn
 * reads them:
 * 1. What waits for somebody's confirmation is deleted without any other lock. One that is confirmed meanwhile waits for its delivery.
 * 2. What still waits for its delivery is deleted without any other lock. One that is accepted meanwhile is left to the next step.
 * 3. Under the session's lock, what is accepted is deleted, and edits. A turn that has it already keeps it.
 * A gateway that dies in between has not acknowledged the event, so Slack sends it again. Therefore nothing is left out, and no two
 * transactions wait for each other.
 */
export async function noteDeleted(database: Database, message: DeletedMessage): Promise<boolean> {
  const named = [message.team, message.channel, message.ts];
  await database.query(`${DELETE} where kind = 'message' and state = 'refused' and id in (${ITSELF})`, named);
  await database.query(
    `${DELETE} where kind = 'message' and state = 'received'
       and id in (${ITSELF} union all ${ITS_THREAD} and ${UNDELIVERED})`,
    named,
  );
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
      `${DELETE} where id in (${ITSELF} union all ${ITS_THREAD} and ${UNREAD}) and turn is null and not ${HAS_BEGUN}
         and (kind = 'message' and state in ('delivered', 'context', 'refused') or kind = 'edit' and state <> 'deleted')`,
      named,
    );
    await db.query(
      `update inbox set deleted_at = now()
       where id in (${ITSELF}) and state in ('delivered', 'context') and deleted_at is null`,
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
