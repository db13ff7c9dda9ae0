import type { EgressCounts } from '../contracts/egress.ts';
import type { FailureType } from '../contracts/failures.ts';
import { claimOf, type Fence } from '../contracts/fence.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { PlanItem } from '../contracts/plan.ts';
import { FROM_OWNER } from './claim-messages.ts';
import type { Queryable } from './database.ts';
import { rowMissing } from './errors.ts';
import type { StepRef } from './steps.ts';

export type TurnState = 'running' | 'answered' | 'stopped' | 'limit' | 'failed';

export interface Turn {
  readonly session: SessionId;
  readonly number: number;
  readonly requester: string;
  readonly state: TurnState;
  readonly startedAt: Date;
  /** What the agent means to do, as it last said. Empty: it has said nothing. */
  readonly plan: readonly PlanItem[];
}

/** A request of a session's workflow for its next turn. */
export interface Asking {
  readonly session: SessionId;
  readonly fence: Fence;
  /** The newest turn that the workflow knows, or 0. Numbers continue after it, even if the database was restored. */
  readonly after: number;
  /** A person stopped the messages up to this inbox id. They become context and begin no turn. */
  readonly stoppedUpTo: string | null;
}

const COLUMNS = `session, number, requester, state, started_at as "startedAt", coalesce(plan -> 'items', '[]') as plan`;
/** Messages for the agent that are delivered and not yet in a turn. */
const WAITING = `session = $1 and state = 'delivered' and turn is null and kind in ('message', 'schedule') and ${FROM_OWNER}`;

/**
 * The highest turn number that anything of the session still names, for a session without any turn:
 *
 * 1. Retention deletes the turns of a thread that nobody uses, and keeps some of what belongs to them for longer.
 * 2. Somebody writes in that thread again. If its turns began at 1, the new turn 1 would find what the old one has left: its
 *    recorded answer, its final message in the outbox, and a sandbox that is settled for higher turns and never gets a place.
 * Therefore the numbers go on after the highest one that is left. `coalesce` asks for it only when no turn is there.
 */
const NEWEST_LEFT = `greatest(0,
  (select max(turn) from transcript where session = $1), (select max(turn) from step where session = $1),
  (select max(turn) from inbox where session = $1), (select max(turn) from model_usage where session = $1),
  (select max(turn) from egress_event where session = $1), (select max(settled_turn) from sandbox where session = $1),
  (select max(substring(substr(key, length($1) + 2) from '^[0-9]{1,9}')::int) from outbox
   where session = $1 and starts_with(key, $1 || '/')))`;

/**
 * Begins the session's next turn if a message waits for one. Null if none waits. Call it with the session locked and no
 * turn running. The first model step claims the messages, in the transaction that writes them into the transcript.
 */
export async function insertTurn(db: Queryable, asking: Asking): Promise<Turn | null> {
  const { session, fence, after, stoppedUpTo } = asking;
  if (stoppedUpTo !== null) await markStopped(db, session, stoppedUpTo);
  const { rows } = await db.query<Turn>(
    `insert into turn (session, number, claim, requester, begun_by)
     select $1, greatest(coalesce((select max(number) from turn where session = $1), ${NEWEST_LEFT}), $3) + 1, $2, waiting.author, waiting.id
     from (select id, coalesce(confirmed_by, author) as author from inbox where ${WAITING} order by id limit 1) waiting
     returning ${COLUMNS}`,
    [session, claimOf(session, fence), after],
  );
  const begun = rows[0];
  if (!begun) return null;
  await db.query("update session set state = 'working', changed_at = now() where id = $1", [session]);
  db.wake('bellhop_thread', session);
  return begun;
}

/** The turn that the request with this fence began, even if it has ended. Null when it began none. */
export async function turnOfFence(db: Queryable, session: SessionId, fence: Fence): Promise<Turn | null> {
  const { rows } = await db.query<Turn>(`select ${COLUMNS} from turn where claim = $1`, [claimOf(session, fence)]);
  return rows[0] ?? null;
}

/** @throws StoreError `RowMissing` */
export async function getTurn(db: Queryable, session: SessionId, number: number): Promise<Turn> {
  const { rows } = await db.query<Turn>(`select ${COLUMNS} from turn where session = $1 and number = $2`, [
    session,
    number,
  ]);
  if (!rows[0]) throw rowMissing(`turn ${session}/${number}`);
  return rows[0];
}

/**
 * Keeps the plan that a step of the turn has said. A late attempt of an earlier step changes nothing. Call it where it is known that the
 * turn runs (turn-fence.ts).
 */
export async function setPlan(
  db: Queryable,
  { session, turn, step }: StepRef,
  items: readonly PlanItem[],
): Promise<void> {
  await db.query(
    `update turn set plan = jsonb_build_object('step', $3::int, 'items', $4::jsonb)
     where session = $1 and number = $2 and coalesce((plan ->> 'step')::int, 0) <= $3`,
    [session, turn, step, JSON.stringify(items)],
  );
}

/** The running turn of a session. Null when none runs. */
export async function runningTurnOf(db: Queryable, session: SessionId): Promise<Turn | null> {
  const { rows } = await db.query<Turn>(`select ${COLUMNS} from turn where session = $1 and state = 'running'`, [
    session,
  ]);
  return rows[0] ?? null;
}

/** Slack's ids of everybody whose words for the agent the turn has read, at most `most`. Empty while there is only its requester. */
export async function steeredBy(
  db: Queryable,
  session: SessionId,
  number: number,
  most: number,
): Promise<readonly string[]> {
  const { rows } = await db.query<{ people: string[] }>(
    `select steered_by[1:$3] as people from turn
     where session = $1 and number = $2 and steered_by <> '{}' and steered_by <> array[requester]`,
    [session, number, most],
  );
  return rows[0]?.people ?? [];
}

/** The same for every turn of a session that somebody beside its requester has steered. */
export async function steeringOf(db: Queryable, session: SessionId): Promise<ReadonlyMap<number, readonly string[]>> {
  const { rows } = await db.query<{ number: number; people: string[] }>(
    `select number, steered_by as people from turn
     where session = $1 and steered_by <> '{}' and steered_by <> array[requester]`,
    [session],
  );
  return new Map(rows.map(({ number, people }) => [number, people]));
}

export interface TurnEnd {
  readonly state: Exclude<TurnState, 'running'>;
  readonly failure?: FailureType | undefined;
  readonly stoppedBy?: string | undefined;
}

/** Ends a running turn. A turn that has ended keeps its first ending. Call it with the session locked. */
export async function finishTurn(db: Queryable, session: SessionId, number: number, end: TurnEnd): Promise<void> {
  await db.query(
    `update turn set state = $3, failure = $4, stopped_by = $5, ended_at = now(),
            steps = (select count(*) from step where step.session = $1 and step.turn = $2)
     where session = $1 and number = $2 and state = 'running'`,
    [session, number, end.state, end.failure ?? null, end.stoppedBy ?? null],
  );
  await db.query("update session set state = 'idle', changed_at = now() where id = $1", [session]);
  db.wake('bellhop_thread', session);
}

export interface TurnTotals {
  readonly tools: number;
  readonly seconds: number;
  readonly injected: number;
  readonly forwarded: number;
  readonly blocked: number;
}

/** What a turn has done so far. Requests are counted from their events, which may lag a moment behind the proxy. */
export async function turnTotals(db: Queryable, session: SessionId, number: number): Promise<TurnTotals> {
  const { rows } = await db.query<TurnTotals>(
    `select (select count(*)::int from step s where s.session = $1 and s.turn = $2 and s.kind = 'tool') as tools,
            extract(epoch from now() - t.started_at)::float8 as seconds,
            e.injected, e.forwarded, e.blocked
     from turn t,
       lateral (select coalesce(sum(requests) filter (where outcome = 'injected'), 0)::int as injected,
                       coalesce(sum(requests) filter (where outcome = 'forwarded'), 0)::int as forwarded,
                       coalesce(sum(requests) filter (where outcome = 'blocked'), 0)::int as blocked
                from egress_event where session = $1 and turn = $2) e
     where t.session = $1 and t.number = $2`,
    [session, number],
  );
  if (!rows[0]) throw rowMissing(`turn ${session}/${number}`);
  return rows[0];
}

/**
 * Stores the counts of `streamEgress` with its turn, even after the turn has ended, because the counts come last.
 * Counts only grow, so a late attempt with lower counts changes nothing.
 */
export async function recordEgress(
  db: Queryable,
  session: SessionId,
  number: number,
  { injected, forwarded, blocked, bytesOut }: EgressCounts,
): Promise<void> {
  await db.query(
    `update turn set injected = greatest(injected, $3), forwarded = greatest(forwarded, $4),
       blocked = greatest(blocked, $5), bytes_out = greatest(bytes_out, $6)
     where session = $1 and number = $2`,
    [session, number, injected, forwarded, blocked, bytesOut],
  );
}

/** Marks messages that a person's stop overtook, and says how many. The next turn reads them as context, but they begin no turn. */
export async function markStopped(db: Queryable, session: SessionId, upTo: string): Promise<number> {
  const { rowCount } = await db.query(`update inbox set state = 'context' where ${WAITING} and id < $2`, [
    session,
    upTo,
  ]);
  return rowCount ?? 0;
}
