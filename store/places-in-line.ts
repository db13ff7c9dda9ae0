/** What threads are told while their turns wait for a place. */
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

export interface InLine {
  readonly session: SessionId;
  readonly turn: number;
  readonly home: string | null;
  /** The place in line. 1 is the next. */
  readonly nth: number;
}

/** A thread is not told that it waits before this. */
const SAY_AFTER_SECONDS = 5;
/** The shortest time between two changes, because each one edits a message in Slack. */
const SAY_AGAIN_SECONDS = 10;

/**
 * Turns that have waited for five seconds and whose thread was not told its place in line lately. The order is that of
 * `chooseGrants` if every runner could take every request, so it is nearly exact.
 */
export async function unsaidInLine(db: Queryable, limit: number): Promise<InLine[]> {
  const { rows } = await db.query<InLine>(
    `with line as (
       select q.*, row_number() over (order by q.round, served_at nulls first, q.asked_at)::int as nth
       from (select *, row_number() over (partition by channel order by asked_at) as round
             from place_request where granted_at is null and needed_at is not null) q
       left join place_channel using (channel))
     select session, turn, home, nth from line
     where asked_at < now() - make_interval(secs => $2)
       and (said_at is null or said_at < now() - make_interval(secs => $3))
     order by nth limit $1`,
    [limit, SAY_AFTER_SECONDS, SAY_AGAIN_SECONDS],
  );
  return rows;
}

/**
 * Notes that the thread is told its place in line. Run it in the transaction that writes the message. The row stays
 * locked, so the place is not granted before the message is written. False when the turn no longer waits, or when
 * another process tells the thread.
 */
export async function noteSaid(db: Queryable, { session, turn }: InLine): Promise<boolean> {
  const { rowCount } = await db.query(
    `update place_request set said_at = now() where session in (
       select session from place_request
       where session = $1 and turn = $2 and granted_at is null
         and (said_at is null or said_at < now() - make_interval(secs => $3))
       for update skip locked)`,
    [session, turn, SAY_AGAIN_SECONDS],
  );
  return rowCount === 1;
}
