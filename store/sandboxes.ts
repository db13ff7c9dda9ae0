import type { SessionId } from '../contracts/ids.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import { liveRunners } from './runners.ts';

export type SandboxState = 'placed' | 'running' | 'paused' | 'removed';

export interface SandboxPlace {
  readonly id: string;
  readonly session: SessionId;
  readonly runner: string;
  readonly state: SandboxState;
  /** Files of earlier turns lie in a volume on that runner. */
  readonly hasWorkspace: boolean;
}

const COLUMNS = 'id, session, runner, state, has_workspace as "hasWorkspace"';

/** Null while the session never had one. A removed one is still found, for its files may wait on its runner. */
export async function findSandbox(db: Queryable, session: SessionId): Promise<SandboxPlace | null> {
  const { rows } = await db.query<SandboxPlace>(`select ${COLUMNS} from sandbox where session = $1`, [session]);
  return rows[0] ?? null;
}

/** Null for one that was never placed, and for one whose session was placed anew under another id. */
export async function sandboxById(db: Queryable, id: string): Promise<SandboxPlace | null> {
  const { rows } = await db.query<SandboxPlace>(`select ${COLUMNS} from sandbox where id = $1`, [id]);
  return rows[0] ?? null;
}

/**
 * Writes where a session's sandbox lives. A removed one keeps its row while its workspace is kept, so that the next
 * turn goes to the same runner; `anew` forgets workspace and id because that runner is gone.
 */
export async function placeSandbox(
  db: Queryable,
  place: { readonly id: string; readonly session: SessionId; readonly runner: string; readonly anew: boolean },
): Promise<SandboxPlace> {
  const { rows } = await db.query<SandboxPlace>(
    `insert into sandbox (id, session, runner) values ($1, $2, $3)
     on conflict (session) do update set
       id = case when $4 then excluded.id else sandbox.id end,
       runner = excluded.runner,
       has_workspace = sandbox.has_workspace and not $4,
       state = case when sandbox.state = 'removed' or $4 then 'placed' else sandbox.state end,
       reaper_claim = null,
       changed_at = now()
     returning ${COLUMNS}`,
    [place.id, place.session, place.runner, place.anew],
  );
  if (!rows[0]) throw new Error(`sandbox of ${place.session} was not placed`);
  return rows[0];
}

/**
 * Places a session's sandbox on the emptiest runner that has room; null when none has. Placements take turns, since of
 * two that count at the same time both would see the last place.
 */
export async function placeWhereRoomIs(
  database: Database,
  place: { readonly id: string; readonly session: SessionId; readonly anew: boolean },
): Promise<SandboxPlace | null> {
  return inTransaction(database, async (db) => {
    // The agent's role may not write runners, and so cannot lock their rows.
    await db.query("select pg_advisory_xact_lock(hashtext('bellhop placement'))");
    const runners = await liveRunners(db);
    const runner = runners.find(({ draining, sandboxes, capacity }) => !draining && sandboxes < capacity);
    return runner ? placeSandbox(db, { ...place, runner: runner.id }) : null;
  });
}

/** Paused sandboxes of a runner, those that have rested longest first. */
export async function restedLongest(db: Queryable, runner: string, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    "select id from sandbox where runner = $1 and state = 'paused' order by changed_at limit $2",
    [runner, limit],
  );
  return rows.map(({ id }) => id);
}

/** Notes a paused sandbox as removed, its workspace being kept. False when it was woken meanwhile. */
export async function claimRested(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    "update sandbox set state = 'removed', changed_at = now() where id = $1 and state = 'paused'",
    [id],
  );
  return rowCount === 1;
}

/** Says what became of a sandbox. The first `running` of a turn is when its commands could start. */
export async function setSandboxState(db: Queryable, id: string, state: SandboxState): Promise<void> {
  await db.query(
    `with changed as (
       update sandbox set state = $2, has_workspace = has_workspace or $2 = 'running', changed_at = now()
       where id = $1 returning session)
     update turn set sandbox_ready_at = now() from changed
     where turn.session = changed.session and turn.state = 'running' and turn.sandbox_ready_at is null
       and $2 = 'running'`,
    [id, state],
  );
}

/** Keeps that nothing of a turn runs in the sandbox any more. */
export async function noteSettled(db: Queryable, id: string, turn: number): Promise<void> {
  await db.query('update sandbox set settled_turn = greatest(settled_turn, $2) where id = $1', [id, turn]);
}

/** Whether this turn and every one before it was settled. */
export async function isSettled(db: Queryable, id: string, turn: number): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from sandbox where id = $1 and settled_turn >= $2', [id, turn]);
  return rowCount === 1;
}

/** Keeps the name of the container's present life. */
export async function setIncarnation(db: Queryable, id: string, incarnation: string): Promise<void> {
  await db.query('update sandbox set incarnation = $2 where id = $1', [id, incarnation]);
}

/**
 * In which life of the sandbox an earlier attempt may have started a step's command; null when this is the first. From
 * now on that is the present life. Undefined when nothing may be started: the turn was settled, or the sandbox is
 * another one by now.
 */
export async function incarnationOfStep(
  db: Queryable,
  sandbox: string,
  { session, turn, step }: { readonly session: SessionId; readonly turn: number; readonly step: number },
): Promise<string | null | undefined> {
  const { rows } = await db.query<{ before: string | null }>(
    `with earlier as (select incarnation from step where session = $2 and turn = $3 and number = $4)
     update step set incarnation = coalesce(step.incarnation, sandbox.incarnation) from sandbox
     where sandbox.id = $1 and sandbox.session = $2 and sandbox.settled_turn < $3
       and step.session = $2 and step.turn = $3 and step.number = $4
     returning (select incarnation from earlier) as before`,
    [sandbox, session, turn, step],
  );
  return rows[0]?.before;
}

/** Forgets the life of the sandbox in which a step's command was not started after all. */
export async function forgetIncarnationOfStep(
  db: Queryable,
  { session, turn, step }: { readonly session: SessionId; readonly turn: number; readonly step: number },
): Promise<void> {
  await db.query('update step set incarnation = null where session = $1 and turn = $2 and number = $3', [
    session,
    turn,
    step,
  ]);
}

/** Everything a runner is said to hold; its reaper compares this with its engine. */
export async function sandboxesOf(db: Queryable, runner: string): Promise<SandboxPlace[]> {
  const { rows } = await db.query<SandboxPlace>(`select ${COLUMNS} from sandbox where runner = $1`, [runner]);
  return rows;
}

/**
 * Takes the right to remove a sandbox. Fails while a turn runs, or when another claim is younger than a minute, so
 * that a session that wakes up at this moment keeps its container.
 */
export async function claimForReaper(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update sandbox set reaper_claim = now()
     where id = $1 and (reaper_claim is null or reaper_claim < now() - interval '1 minute')
       and changed_at < now() - interval '20 seconds'`,
    [id],
  );
  return rowCount === 1;
}

const EXPIRED = "state = 'removed' and has_workspace and changed_at < now() - make_interval(hours => $2)";

/** Workspaces that nobody has used for the retention time. */
export async function expiredWorkspaces(
  db: Queryable,
  runner: string,
  retentionHours: number,
): Promise<SandboxPlace[]> {
  const { rows } = await db.query<SandboxPlace>(`select ${COLUMNS} from sandbox where runner = $1 and ${EXPIRED}`, [
    runner,
    retentionHours,
  ]);
  return rows;
}

/** False when it was used meanwhile: then it is kept. */
export async function forgetExpiredWorkspace(db: Queryable, id: string, retentionHours: number): Promise<boolean> {
  const { rowCount } = await db.query(`update sandbox set has_workspace = false where id = $1 and ${EXPIRED}`, [
    id,
    retentionHours,
  ]);
  return rowCount === 1;
}
