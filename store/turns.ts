import type { EgressCounts } from '../contracts/egress.ts';
import type { FailureType } from '../contracts/failures.ts';
import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Database, Queryable } from './database.ts';
import { inTransaction } from './database.ts';

export type TurnState = 'running' | 'answered' | 'stopped' | 'limit' | 'failed';

export interface Turn {
  readonly session: SessionId;
  readonly number: number;
  readonly requester: string;
  readonly state: TurnState;
  readonly startedAt: Date;
}

export interface TurnClaim {
  readonly session: SessionId;
  /** Names this asking: the same claim always gets the same turn. */
  readonly claim: string;
  /** Messages up to this inbox id were stopped by a person: they become context and begin nothing. */
  readonly stoppedUpTo: string | null;
}

interface TurnRow {
  session: SessionId;
  number: number;
  requester: string;
  state: TurnState;
  started_at: Date;
}

const COLUMNS = 'session, number, requester, state, started_at';
/** What waits to be read by the agent: delivered, addressed to it, and not yet in a turn. */
const WAITING = `team = $1 and channel = $2 and thread_ts = $3 and state = 'delivered' and turn is null
  and kind in ('message', 'schedule')`;

/**
 * Begins the next turn of a session if somebody waits for one; null if nobody does. The messages themselves are
 * claimed by the first model step, in the transaction that writes them into the transcript.
 */
export async function beginTurn(database: Database, claim: TurnClaim): Promise<Turn | null> {
  const { team, channel, threadTs } = threadOf(claim.session);
  return inTransaction(database, async (db) => {
    await lockSession(db, claim.session);
    const mine = await turnOfClaim(db, claim.claim);
    if (mine) return mine;
    if (claim.stoppedUpTo !== null) await markStopped(db, claim.session, claim.stoppedUpTo);
    const waiting = await db.query<{ author: string }>(
      `select author from inbox where ${WAITING} order by id limit 1`,
      [team, channel, threadTs],
    );
    const first = waiting.rows[0];
    if (!first) return null;
    const begun = await db.query<TurnRow>(
      `insert into turn (session, number, claim, requester)
       select $1, coalesce(max(number), 0) + 1, $2, $3 from turn where session = $1
       returning ${COLUMNS}`,
      [claim.session, claim.claim, first.author],
    );
    await db.query("update session set state = 'working', changed_at = now() where id = $1", [claim.session]);
    await db.query("select pg_notify('bellhop_thread', $1)", [claim.session]);
    return begun.rows[0] ? toTurn(begun.rows[0]) : null;
  });
}

/** The turn that this asking began, also when it has ended; null when it began none yet. */
export async function turnOfClaim(db: Queryable, claim: string): Promise<Turn | null> {
  const { rows } = await db.query<TurnRow>(`select ${COLUMNS} from turn where claim = $1`, [claim]);
  return rows[0] ? toTurn(rows[0]) : null;
}

/** One at a time begins or ends a turn of a session. Held until the transaction ends. */
export async function lockSession(db: Queryable, session: SessionId): Promise<void> {
  await db.query('select 1 from session where id = $1 for update', [session]);
}

/** @throws Error when there is none: whoever asks has begun it */
export async function getTurn(db: Queryable, session: SessionId, number: number): Promise<Turn> {
  const { rows } = await db.query<TurnRow>(`select ${COLUMNS} from turn where session = $1 and number = $2`, [
    session,
    number,
  ]);
  if (!rows[0]) throw new Error(`no turn ${session}/${number}`);
  return toTurn(rows[0]);
}

/** Whether somebody said something that no model call has seen yet. */
export async function someoneWaits(db: Queryable, session: SessionId): Promise<boolean> {
  const { team, channel, threadTs } = threadOf(session);
  const { rowCount } = await db.query(`select 1 from inbox where ${WAITING} limit 1`, [team, channel, threadTs]);
  return (rowCount ?? 0) > 0;
}

export interface TurnEnd {
  readonly state: Exclude<TurnState, 'running'>;
  readonly failure?: FailureType | undefined;
  readonly stoppedBy?: string | undefined;
}

/** Ends a running turn; a turn that has ended keeps its first ending. */
export async function finishTurn(db: Queryable, session: SessionId, number: number, end: TurnEnd): Promise<void> {
  await db.query(
    `update turn set state = $3, failure = $4, stopped_by = $5, ended_at = now(),
            steps = (select count(*) from step where step.session = $1 and step.turn = $2)
     where session = $1 and number = $2 and state = 'running'`,
    [session, number, end.state, end.failure ?? null, end.stoppedBy ?? null],
  );
  await db.query("update session set state = 'idle', changed_at = now() where id = $1", [session]);
  await db.query("select pg_notify('bellhop_thread', $1)", [session]);
}

export interface TurnTotals {
  readonly tools: number;
  readonly seconds: number;
  readonly injected: number;
  readonly forwarded: number;
  readonly blocked: number;
}

/** What a turn did so far. Requests are counted from their events, which may lag a moment behind the proxy. */
export async function turnTotals(db: Queryable, session: SessionId, number: number): Promise<TurnTotals> {
  const { rows } = await db.query<TurnTotals>(
    `select (select count(*)::int from step s where s.session = $1 and s.turn = $2 and s.kind = 'tool') as tools,
            extract(epoch from now() - t.started_at)::float8 as seconds,
            e.injected, e.forwarded, e.blocked
     from turn t,
       lateral (select count(*) filter (where outcome = 'injected')::int as injected,
                       count(*) filter (where outcome = 'forwarded')::int as forwarded,
                       count(*) filter (where outcome = 'blocked')::int as blocked
                from egress_event where session = $1 and turn = $2) e
     where t.session = $1 and t.number = $2`,
    [session, number],
  );
  if (!rows[0]) throw new Error(`no turn ${session}/${number}`);
  return rows[0];
}

/** Keeps what `streamEgress` counted with the turn. */
export async function recordEgress(
  db: Queryable,
  session: SessionId,
  number: number,
  counts: EgressCounts,
): Promise<void> {
  await db.query(
    `update turn set injected = $3, forwarded = $4, blocked = $5, bytes_out = $6 where session = $1 and number = $2`,
    [session, number, counts.injected, counts.forwarded, counts.blocked, counts.bytesOut],
  );
}

/** Messages a person's stop overtook are read as context by the next turn, but begin none themselves. */
export async function markStopped(db: Queryable, session: SessionId, upTo: string): Promise<void> {
  const { team, channel, threadTs } = threadOf(session);
  await db.query(`update inbox set state = 'context' where ${WAITING} and id < $4`, [team, channel, threadTs, upTo]);
}

/** Turns under way, of one session or of all, without the one that `claim` names. */
export async function runningTurns(
  db: Queryable,
  { session = null, claim = null }: { readonly session?: SessionId | null; readonly claim?: string | null } = {},
): Promise<Turn[]> {
  const { rows } = await db.query<TurnRow>(
    `select ${COLUMNS} from turn where state = 'running' and ($1::text is null or session = $1)
       and claim is distinct from $2 order by started_at`,
    [session, claim],
  );
  return rows.map(toTurn);
}

function toTurn(row: TurnRow): Turn {
  return {
    session: row.session,
    number: row.number,
    requester: row.requester,
    state: row.state,
    startedAt: row.started_at,
  };
}
