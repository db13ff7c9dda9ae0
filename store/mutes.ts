/** Threads in which the agent hears mentions only. */
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

export interface Mute {
  /** Slack's id of who has muted the thread. */
  readonly by: string;
  /** The key of the notice in the outbox that says so. */
  readonly notice: string;
}

/** Notes who has muted the thread. Call it with the session locked. */
export async function muteThread(db: Queryable, session: SessionId, { by, notice }: Mute): Promise<void> {
  await db.query('update session set muted_by = $2, muted_notice = $3 where id = $1', [session, by, notice]);
}

/** Ends the mute. Call it with the session locked. */
export async function unmuteThread(db: Queryable, session: SessionId): Promise<void> {
  await db.query('update session set muted_by = null, muted_notice = null where id = $1', [session]);
}

/** Null when the thread is not muted. */
export async function muteOf(db: Queryable, session: SessionId): Promise<Mute | null> {
  const { rows } = await db.query<Mute>(
    'select muted_by as by, muted_notice as notice from session where id = $1 and muted_by is not null',
    [session],
  );
  return rows[0] ?? null;
}
