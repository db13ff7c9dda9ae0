import { type Fence, isOlder } from '../contracts/fence.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Principal, ScopeKey } from '../contracts/scope.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import { rowMissing, turnOverError } from './errors.ts';

/** A session's row, locked until the transaction ends. */
export interface LockedSession {
  readonly scope: ScopeKey;
  readonly principal: Principal;
  /** The person whose session it is. Null: nobody's. */
  readonly owner: string | null;
  /** The highest fence that was used so far. */
  readonly fence: Fence;
}

/** One turn. `turn` is its number within the session. */
export interface TurnRef {
  readonly session: SessionId;
  readonly turn: number;
}

/** Locks the session's row. Writers of one session wait for each other here. Null when there is no such session. */
export async function lockSession(db: Queryable, session: SessionId): Promise<LockedSession | null> {
  const { rows } = await db.query<Omit<LockedSession, 'fence'> & Fence>(
    `select scope, principal, owner, fence_run as run, fence_count as count from session where id = $1 for no key update`,
    [session],
  );
  const row = rows[0];
  if (!row) return null;
  const { run, count, ...known } = row;
  return { ...known, fence: { run, count } };
}

/**
 * Runs one write of a turn in a transaction that holds the session's lock, and only while that turn runs
 * (contracts/fence.ts says why).
 *
 * @throws StoreError `TurnOver` when the turn has ended, `RowMissing` when the turn or its session is not there;
 * nothing was changed then
 */
export function inTurn<T>(database: Database, ref: TurnRef, work: (db: Queryable) => Promise<T>): Promise<T> {
  return inTransaction(database, async (db) => {
    await holdTurn(db, ref);
    return work(db);
  });
}

/** Does the same in the caller's transaction. Call it first in that transaction. */
export async function holdTurn(db: Queryable, { session, turn }: TurnRef): Promise<void> {
  const state = await lockTurn(db, { session, turn });
  if (state === null) throw rowMissing(`turn ${session}/${turn}`);
  if (state !== 'running') throw turnOverError(session, turn);
}

/** Locks the session's row and returns the turn's state. Null when the session or the turn is not there. */
export async function lockTurn(db: Queryable, { session, turn }: TurnRef): Promise<string | null> {
  if ((await lockSession(db, session)) === null) return null;
  // A second statement, so that it sees everything that was committed while the first one waited for the lock.
  const { rows } = await db.query<{ state: string }>('select state from turn where session = $1 and number = $2', [
    session,
    turn,
  ]);
  return rows[0]?.state ?? null;
}

/**
 * Gives a run of the session's workflow its number, which is higher than every number that was given before.
 *
 * Only the last run that asked is remembered. So these two cases give one run a second number:
 * 1. Run A has asked and was terminated. Run B asks and gets 8. A late attempt of A asks again and gets 9.
 * 2. A retry of B's own asking comes after that. It gets 10.
 * Neither does harm. A has ended, so nobody uses the 9. The workflow of B takes the first answer that Temporal records, and
 * that is higher than every fence of A, because A asked before it ended.
 *
 * @param runId Temporal's id of the run
 * @returns 0 when the session has no row
 */
export async function openRun(database: Database, session: SessionId, runId: string): Promise<number> {
  const { rows } = await database.query<{ runs: number }>(
    `update session set runs = case when run_id = $2 then runs else greatest(runs, fence_run) + 1 end, run_id = $2
     where id = $1 returning runs`,
    [session, runId],
  );
  return rows[0]?.runs ?? 0;
}

/** Moves the session on to this fence. Call it with the session locked, after `isOlder` has said that no later one was here. */
export async function advanceFence(db: Queryable, session: SessionId, { run, count }: Fence): Promise<void> {
  await db.query('update session set fence_run = $2, fence_count = $3 where id = $1', [session, run, count]);
}

/**
 * Whether the session still rests: no later request for a turn has come than this fence, and no turn runs. Takes the
 * session's lock. False when the session is not there.
 */
export async function stillRests(db: Queryable, session: SessionId, fence: Fence): Promise<boolean> {
  const locked = await lockSession(db, session);
  if (locked === null || isOlder(fence, locked.fence)) return false;
  const { rowCount } = await db.query("select 1 from turn where session = $1 and state = 'running'", [session]);
  return rowCount === 0;
}
