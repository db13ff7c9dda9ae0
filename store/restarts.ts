/** Threads that begin anew: what the model was told before is not given to it any more, and the thread is read again. */
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { DELETE } from './deletions.ts';

/** As when the agent is called into a thread: its first message and the newest ones. */
const NEWEST = 50;
const NEWEST_CHARACTERS = 20_000;

/**
 * Leaves the turns so far out of the context, and lets the next turn read the thread as context: its first message and the newest ones before
 * inbox row `before`, with their edits and without what was deleted in Slack. What is left out stays in its tables until its retention.
 * Instructions are fixed anew by the next turn (`fixInstructions`). Call it with the session locked.
 *
 * A turn that runs is to be stopped, and may make one more model call before it is:
 * 1. Its messages are unread again, and it could claim them.
 * 2. It would claim them under its own number, which is left out. Nobody would ever read them.
 * Therefore a turn that is left out claims nothing (`CLAIMABLE` in claim-messages.ts).
 */
export async function restartThread(db: Queryable, session: SessionId, before: string): Promise<void> {
  await db.query(
    `update session set forgotten_turn = greatest(forgotten_turn, (select coalesce(max(number), 0) from turn where session = $1)),
       forgotten_entry = 0, changed_at = now() where id = $1`,
    [session],
  );
  // A turn that is left out had begun for it, and has not read it.
  await db.query(
    `${DELETE} where session = $1 and turn is null and deleted_at is not null and kind in ('message', 'edit')
       and state in ('delivered', 'context')`,
    [session],
  );
  await db.query(
    `with said as (
       select id, ts = thread_ts as is_root,
         row_number() over newest as nth, sum(length(text)) over newest as characters
       from inbox where session = $1 and kind in ('message', 'schedule') and state in ('delivered', 'context') and turn is not null
         and deleted_at is null and id < $2 window newest as (order by ts::numeric desc, id desc)),
     again as (
       update inbox set turn = null, state = 'context'
       where id in (select id from said where is_root or (nth <= ${NEWEST} and characters <= ${NEWEST_CHARACTERS})) returning kind, ts)
     update inbox set turn = null
     where session = $1 and kind = 'edit' and edits in (select ts from again where kind = 'message') and turn is not null
       and deleted_at is null and id < $2`,
    [session, before],
  );
}
