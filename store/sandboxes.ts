import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/** The state of its container. `placed` means that there is none yet, `removed` that there is none any more. */
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

/** Null for an id that was never placed, or whose session has a sandbox with another id now. */
export async function sandboxById(db: Queryable, id: string): Promise<SandboxPlace | null> {
  const { rows } = await db.query<SandboxPlace>(`select ${COLUMNS} from sandbox where id = $1`, [id]);
  return rows[0] ?? null;
}

/**
 * Whether this turn holds a place for the sandbox and was not settled. Otherwise it may start nothing there. Call it
 * with the turn held.
 */
export async function holdsPlace(db: Queryable, id: string, turn: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'select 1 from sandbox where id = $1 and working_turn = $2 and settled_turn < $2',
    [id, turn],
  );
  return rowCount === 1;
}

/** Containers on a runner, at work and at rest. */
export async function countHeld(db: Queryable, runner: string): Promise<number> {
  const { rows } = await db.query<{ held: number }>(
    "select count(*)::int as held from sandbox where runner = $1 and state <> 'removed'",
    [runner],
  );
  return rows[0]?.held ?? 0;
}

/** Sandboxes of a runner in which no turn works. The one that has rested longest comes first. */
export async function restedLongest(db: Queryable, runner: string, limit: number): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select id from sandbox where runner = $1 and state <> 'removed' and working_turn is null
     order by changed_at limit $2`,
    [runner, limit],
  );
  return rows.map(({ id }) => id);
}

/** Notes a resting sandbox as removed. Its workspace is kept. False when a turn got the sandbox meanwhile. */
export async function claimRested(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update sandbox set state = 'removed', changed_at = now()
     where id = $1 and state <> 'removed' and working_turn is null`,
    [id],
  );
  return rowCount === 1;
}

/** Notes that the sandbox rests, and frees its place. Call it after `stillRests`, in the same transaction. */
export async function noteRest(
  db: Queryable,
  id: string,
  state: Extract<SandboxState, 'paused' | 'removed'>,
): Promise<void> {
  await db.query('update sandbox set state = $2, working_turn = null, changed_at = now() where id = $1', [id, state]);
  db.wake('bellhop_places');
}

/**
 * Stores the state of a sandbox. The first `running` in a turn is the moment when its commands could start. Call it
 * with the turn held.
 */
export async function setSandboxState(db: Queryable, id: string, state: SandboxState): Promise<void> {
  await db.query(
    `with changed as (
       update sandbox set state = $2, has_workspace = (has_workspace or $2 = 'running') and forget_turn is null, changed_at = now()
       where id = $1 returning session)
     update turn set sandbox_ready_at = now() from changed
     where turn.session = changed.session and turn.state = 'running' and turn.sandbox_ready_at is null
       and $2 = 'running'`,
    [id, state],
  );
}

/**
 * Notes that nothing of a turn runs in the sandbox any more, and frees the turn's place. The turn's number is the
 * fence: a late attempt changes neither the place nor the settled turn of a later turn.
 */
export async function noteSettled(db: Queryable, id: string, turn: number): Promise<void> {
  await db.query(
    `update sandbox set settled_turn = greatest(settled_turn, $2), changed_at = now(),
       working_turn = case when working_turn > $2 then working_turn end
     where id = $1`,
    [id, turn],
  );
  db.wake('bellhop_places');
}

/** Whether this turn and every one before it was settled. */
export async function isSettled(db: Queryable, id: string, turn: number): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from sandbox where id = $1 and settled_turn >= $2', [id, turn]);
  return rowCount === 1;
}

/**
 * Whether the workspace holds what is to be forgotten before this turn works in it (`forgetThread`). A turn that is to be forgotten itself
 * finds it as it was.
 */
export async function isToForget(db: Queryable, id: string, turn: number): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from sandbox where id = $1 and forget_turn < $2', [id, turn]);
  return rowCount === 1;
}

/** Notes that the workspace was removed before this turn. Call it with the turn held. */
export async function noteForgotten(db: Queryable, id: string, turn: number): Promise<void> {
  await db.query('update sandbox set forget_turn = null where id = $1 and forget_turn < $2', [id, turn]);
}

/** Stores the name of the container's present life. Call it with the turn held. */
export async function setIncarnation(db: Queryable, id: string, incarnation: string): Promise<void> {
  await db.query('update sandbox set incarnation = $2 where id = $1', [id, incarnation]);
}

/**
 * Returns the life of the sandbox in which an earlier attempt may have started a step's command, and stores the present
 * life for this attempt. Null when this is the first attempt. Undefined when nothing may be started, because the turn
 * was settled or the session has another sandbox now.
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

/** Every sandbox with a container on the runner, by its row. The runner's reaper compares this with its engine. */
export async function heldBy(db: Queryable, runner: string): Promise<SandboxPlace[]> {
  const { rows } = await db.query<SandboxPlace>(
    `select ${COLUMNS} from sandbox where runner = $1 and state <> 'removed'`,
    [runner],
  );
  return rows;
}

/** The rows of these sandboxes on this runner. */
export async function sandboxesById(db: Queryable, runner: string, ids: readonly string[]): Promise<SandboxPlace[]> {
  const { rows } = await db.query<SandboxPlace>(
    `select ${COLUMNS} from sandbox where id = any($1::text[]) and runner = $2`,
    [ids, runner],
  );
  return rows;
}

/**
 * Corrects rows whose container is gone, for example after a restart of the machine. `present` has the ids of existing
 * containers. Call it only while the runner starts no container. A running turn keeps its place, and its container is
 * made again. Returns how many rows were wrong.
 */
export async function correctHeld(db: Queryable, runner: string, present: readonly string[]): Promise<number> {
  const { rowCount } = await db.query(
    `update sandbox set changed_at = now(), state = 'removed',
       working_turn = case when exists (select 1 from turn where turn.session = sandbox.session
                                        and turn.number = sandbox.working_turn and turn.state = 'running')
                           then working_turn end
     where id in (select id from sandbox where runner = $1 and state <> 'removed' and id <> all($2::text[])
                  order by session for update)`,
    [runner, present],
  );
  db.wake('bellhop_places');
  return rowCount ?? 0;
}

/**
 * Frees places of turns that ended without giving them back, because settling failed or the workflow was stopped
 * between the grant and its answer. A sandbox that never ran has nothing to settle, so its place is freed sooner.
 * Returns the sandboxes.
 */
export async function freeForgottenPlaces(db: Queryable, runner: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `update sandbox set working_turn = null where id in (
       select sandbox.id from sandbox
       join turn on turn.session = sandbox.session and turn.number = sandbox.working_turn and turn.state <> 'running'
       where sandbox.runner = $1 and sandbox.working_turn is not null
         and turn.ended_at < now() - case when sandbox.state = 'placed' then interval '10 seconds' else interval '150 seconds' end
       order by sandbox.session for update of sandbox skip locked)
     returning id`,
    [runner],
  );
  if (rows.length > 0) db.wake('bellhop_places');
  return rows.map(({ id }) => id);
}

/**
 * Claims the right to remove the sandbox of a closed session. False when another claim is younger than a minute, or when
 * the row has changed within the last 20 seconds, because its session may just have woken up. A place that is granted
 * later clears the claim (see `noteReaped`).
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

/**
 * Notes that a claimed sandbox was removed, and frees its place.
 *
 * 1. The reaper claims the row and sees that the session is closed.
 * 2. The session wakes up and is granted a place, which clears the claim.
 * 3. The reaper removes the container and comes here.
 *
 * Therefore a row without a claim stays as it is: the new turn keeps its place, and its container is made again.
 */
export async function noteReaped(db: Queryable, id: string): Promise<void> {
  const { rowCount } = await db.query(
    `update sandbox set state = 'removed', working_turn = null, changed_at = now()
     where id = $1 and reaper_claim is not null and state <> 'removed'`,
    [id],
  );
  if (rowCount) db.wake('bellhop_places');
}

const EXPIRED =
  "state = 'removed' and has_workspace and working_turn is null and changed_at < now() - make_interval(hours => $2)";
/** Workspaces removed in one round of the reaper. */
const EXPIRED_AT_ONCE = 500;

/** Workspaces that were not used for the retention time, the oldest first. */
export async function expiredWorkspaces(
  db: Queryable,
  runner: string,
  retentionHours: number,
): Promise<SandboxPlace[]> {
  const { rows } = await db.query<SandboxPlace>(
    `select ${COLUMNS} from sandbox where runner = $1 and ${EXPIRED} order by changed_at limit ${EXPIRED_AT_ONCE}`,
    [runner, retentionHours],
  );
  return rows;
}

/** Notes that an expired workspace is gone. False when it was used meanwhile; then it is kept. */
export async function forgetExpiredWorkspace(db: Queryable, id: string, retentionHours: number): Promise<boolean> {
  const { rowCount } = await db.query(`update sandbox set has_workspace = false where id = $1 and ${EXPIRED}`, [
    id,
    retentionHours,
  ]);
  return rowCount === 1;
}
