/** Threads that are forgotten: no later turn knows what was said and done before, and the files are removed. */
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import type { InboxFile, InboxRow } from './inbox.ts';

export interface Forgotten {
  /** False: everything was forgotten before. */
  readonly isNew: boolean;
  /** Something that somebody has asked the agent for waited, and is not begun any more. */
  readonly hasWaiting: boolean;
}

/**
 * Leaves everything up to inbox row `before` out of the context for good, as far as the agent has kept it:
 * 1. The turns so far are left out, as a restart does it. Nothing of the thread is read anew.
 * 2. What nobody has read yet is not read any more. That holds too for what has come and is not accepted yet, as a message whose files are
 *    still being fetched (slack/delivery/hand-over.ts).
 * 3. Files that people attached, and pictures that tools have shown, are deleted.
 * 4. The workspace counts as nobody's. It is removed when the sandbox is put away (workers/runner/reaper.ts), or before the next turn works in
 *    it (activities/bring-up.ts).
 * The record stays until its retention: messages, turns, steps, transcript, requests, and what the agent has posted. Call it with the session locked.
 *
 * Nothing changes where it was all forgotten before, as by a second press at the same moment.
 */
export async function forgetThread(db: Queryable, session: SessionId, before: string): Promise<Forgotten> {
  const known = await db.query<{ turn: number; isLater: boolean }>(
    `update session set forgotten_turn = newest.turn, forgotten_entry = greatest(forgotten_entry, $2), changed_at = now()
     from (select forgotten_turn as before, greatest(forgotten_turn, (select coalesce(max(number), 0) from turn where session = $1)) as turn
           from session where id = $1) newest
     where id = $1 returning newest.turn, newest.turn > newest.before as "isLater"`,
    [session, before],
  );
  const { turn, isLater } = known.rows[0] ?? { turn: 0, isLater: false };
  const unread = await db.query<{ asked: boolean }>(
    `with unread as (
       select id, state = 'delivered' and kind <> 'edit' as asked from inbox
       where session = $1 and turn is null and id < $2 and kind in ('message', 'schedule', 'edit') and state in ('delivered', 'context')
       for update)
     update inbox set state = 'answered' from unread where inbox.id = unread.id returning asked`,
    [session, before],
  );
  const files = await db.query("delete from file where session = $1 and direction in ('in', 'seen')", [session]);
  const workspace = await db.query(
    `update sandbox set has_workspace = false, forget_turn = $2
     where session = $1 and (has_workspace or forget_turn is distinct from $2)`,
    [session, turn],
  );
  const changed = [unread, files, workspace].some(({ rowCount }) => (rowCount ?? 0) > 0);
  return { isNew: isLater || changed, hasWaiting: unread.rows.some(({ asked }) => asked) };
}

/** Whether the thread of a message was forgotten after it came. */
export async function isForgotten(db: Queryable, { id, session }: Pick<InboxRow, 'id' | 'session'>): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from session where id = $1 and forgotten_entry > $2', [session, id]);
  return rowCount === 1;
}

/** Deletes what was fetched with a message while its thread was forgotten. */
export async function deleteFetched(db: Queryable, session: SessionId, files: readonly InboxFile[]): Promise<void> {
  const ids = files.flatMap(({ file }) => file ?? []);
  await db.query("delete from file where id = any($1) and session = $2 and direction = 'in'", [ids, session]);
}
