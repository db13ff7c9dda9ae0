/**
 * Places for sandboxes. A waiting turn is a row of `place_request`. A taken place is `sandbox.working_turn`. Turns do
 * not poll for a place: `grantPlaces` (grant-places.ts) gives free places to the requests that come next.
 *
 * All code locks rows in the same order, so that two transactions never wait for each other: the session, its place
 * request, its sandbox, and last the message in the outbox. Several rows of one table are locked in the order of their
 * sessions.
 */
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { RUNNER_DEAD_AFTER_SECONDS } from './runners.ts';
import { holdTurn } from './turn-fence.ts';

export interface PlaceAsk {
  readonly session: SessionId;
  readonly turn: number;
  /** The turn has come to a tool call and stands still. */
  readonly needed: boolean;
  /** The sandbox of a place that this turn was given, and whose runner did not begin to start it. */
  readonly lost?: string;
}

export type PlaceAnswer =
  /**
   * The turn holds a place. `lostFrom` names the runner whose files are lost; `said`: the thread was told that it
   * waits.
   */
  | {
      readonly kind: 'placed';
      readonly sandbox: string;
      readonly runner: string;
      readonly lostFrom: string | null;
      readonly said: boolean;
    }
  /** The turn waits. `home` is the runner that holds the session's files. */
  | { readonly kind: 'waits'; readonly home: string | null };

/**
 * Asks for a turn's place, or for the answer to an earlier request. Run it in a transaction. Repeating it gives the
 * same place. It cannot act for a turn that has ended:
 *
 * 1. It takes the session's lock. Beginning and ending a turn take the same lock.
 * 2. Then it checks that its turn is running.
 *
 * Therefore a late attempt either runs before the turn's end, which withdraws the request, or it sees that the turn
 * ended.
 *
 * A turn that says its place is `lost` waits in line again when the runner is dead. It keeps its place when the runner
 * lives. A late attempt of an earlier asking does not say so, and cannot take a place away.
 *
 * @throws StoreError `TurnOver` when the turn has ended, `RowMissing` when it is not there; nothing was changed then
 */
export async function askForPlace(db: Queryable, { session, turn, needed, lost }: PlaceAsk): Promise<PlaceAnswer> {
  await holdTurn(db, { session, turn });
  if (lost !== undefined) await giveUpDeadPlace(db, session, turn, lost);
  const { rows } = await db.query<{ id: string; runner: string; working: number | null; keeps: boolean }>(
    `select id, runner, working_turn as working, state <> 'removed' or has_workspace as keeps
     from sandbox where session = $1`,
    [session],
  );
  const [found] = rows;
  if (found?.working === turn) {
    const collected = await db.query<{ lostFrom: string | null; said: boolean }>(
      `delete from place_request where session = $1 returning lost_from as "lostFrom", said_at is not null as said`,
      [session],
    );
    const { lostFrom, said } = collected.rows[0] ?? { lostFrom: null, said: false };
    return { kind: 'placed', sandbox: found.id, runner: found.runner, lostFrom, said };
  }
  const home = found?.keeps ? found.runner : null;
  await db.query(
    `insert into place_request as q (session, turn, home, needed_at) values ($1, $2, $3, case when $4 then now() end)
     on conflict (session) do update set
       turn = excluded.turn, home = excluded.home, granted_at = null, told_at = null, lost_from = null,
       asked_at = case when q.turn = excluded.turn then q.asked_at else excluded.asked_at end,
       needed_at = case when q.turn = excluded.turn then coalesce(q.needed_at, excluded.needed_at) else excluded.needed_at end,
       said_at = case when q.turn = excluded.turn then q.said_at end`,
    [session, turn, home, needed],
  );
  return { kind: 'waits', home };
}

/** Frees the turn's place on a dead runner, where nothing of the turn was started. */
async function giveUpDeadPlace(db: Queryable, session: SessionId, turn: number, sandbox: string): Promise<void> {
  await db.query(
    `update sandbox set working_turn = null
     where session = $1 and working_turn = $2 and id = $3
       and not exists (select 1 from runner where runner.id = sandbox.runner
                       and beat_at > now() - make_interval(secs => $4))`,
    [session, turn, sandbox, RUNNER_DEAD_AFTER_SECONDS],
  );
}

/**
 * Withdraws a turn's request. Run it in the transaction that ends the turn. A granted place that the workflow has not
 * collected becomes free. A collected place becomes free later, in `noteSettled`.
 *
 * @param isUntold the workflow was never told its place. A stop may come between the commit of `askForPlace`, which
 * collects the place, and its answer. Nobody would settle such a sandbox, so its place becomes free too.
 */
export async function withdrawPlace(db: Queryable, session: SessionId, turn: number, isUntold = false): Promise<void> {
  const { rowCount } = await db.query(
    `with withdrawn as (delete from place_request where session = $1 and turn <= $2 returning granted_at)
     update sandbox set working_turn = null, state = case when state = 'placed' then 'removed' else state end
     where session = $1 and working_turn <= $2 and ($3 or exists (select 1 from withdrawn where granted_at is not null))`,
    [session, turn, isUntold],
  );
  if (rowCount) db.wake('bellhop_places');
}

/** Whether a turn waits for a place, or was granted one that it has not collected. */
export async function hasPlaceRequests(db: Queryable): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from place_request limit 1');
  return rowCount === 1;
}

export interface PlacesOverview {
  /** Waiting turns. */
  readonly waiting: number;
  /** Seconds that the first of them has waited; null when nobody does. */
  readonly oldestFor: number | null;
  readonly runners: readonly RunnerPlaces[];
}

export interface RunnerPlaces {
  readonly runner: string;
  readonly capacity: number;
  /** Turns that hold a place. */
  readonly working: number;
  /** Sandboxes with a container but without a place. They are removed when room is needed. */
  readonly resting: number;
}

/** The use of places, for metrics. Reads only index entries of taken places and of containers. */
export async function placesOverview(db: Queryable): Promise<PlacesOverview> {
  const [line, runners] = await Promise.all([
    db.query<{ waiting: number; oldestFor: number | null }>(
      `select count(*)::int as waiting, extract(epoch from now() - min(asked_at))::float8 as "oldestFor"
       from place_request where granted_at is null`,
    ),
    db.query<RunnerPlaces>(
      `select id as runner, capacity,
              (select count(*)::int from sandbox s where s.runner = runner.id and working_turn is not null) as working,
              (select count(*)::int from sandbox s
               where s.runner = runner.id and state <> 'removed' and working_turn is null) as resting
       from runner order by id`,
    ),
  ]);
  const { waiting, oldestFor } = line.rows[0] ?? { waiting: 0, oldestFor: null };
  return { waiting, oldestFor, runners: runners.rows };
}
