import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Principal, ScopeKey } from '../contracts/scope.ts';
import type { SessionState } from '../contracts/search-attributes.ts';
import type { Queryable } from './database.ts';

export interface Session {
  readonly id: SessionId;
  readonly team: string;
  readonly channel: string;
  readonly threadTs: string;
  readonly scope: ScopeKey;
  readonly principal: Principal;
  readonly state: SessionState;
  readonly permalink: string | null;
  readonly instructions: readonly Instruction[];
  /** The agent's user in this session's sandbox. */
  readonly agentUid: number;
}

export interface Instruction {
  readonly origin: string;
  readonly text: string;
}

export interface NewSession {
  readonly id: SessionId;
  readonly scope: ScopeKey;
  readonly principal: Principal;
  readonly permalink: string | null;
}

interface SessionRow {
  id: SessionId;
  team: string;
  channel: string;
  thread_ts: string;
  scope: ScopeKey;
  principal: Principal;
  state: SessionState;
  permalink: string | null;
  instructions: Instruction[];
  agent_uid: number;
}

const COLUMNS = 'id, team, channel, thread_ts, scope, principal, state, permalink, instructions, agent_uid';

/** Creates the session unless it exists; whoever comes second changes nothing but a missing permalink. */
export async function ensureSession(db: Queryable, session: NewSession): Promise<void> {
  const { team, channel, threadTs } = threadOf(session.id);
  await db.query(
    `insert into session (id, team, channel, thread_ts, scope, principal, permalink)
     values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (id) do update set permalink = coalesce(session.permalink, excluded.permalink)`,
    [session.id, team, channel, threadTs, session.scope, session.principal, session.permalink],
  );
}

/** Null when no message of this thread was ever accepted. */
export async function findSession(db: Queryable, id: SessionId): Promise<Session | null> {
  const { rows } = await db.query<SessionRow>(`select ${COLUMNS} from session where id = $1`, [id]);
  return rows[0] ? toSession(rows[0]) : null;
}

/** @throws Error when there is none: whoever asks has come from its workflow */
export async function getSession(db: Queryable, id: SessionId): Promise<Session> {
  const session = await findSession(db, id);
  if (!session) throw new Error(`no session ${id}`);
  return session;
}

/** The channels of those threads are listened to without a mention. */
export async function hasSession(db: Queryable, id: SessionId): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from session where id = $1', [id]);
  return rowCount === 1;
}

/** Whoever follows the thread, such as the page, is told by `bellhop_thread`. */
export async function setSessionState(db: Queryable, id: SessionId, state: SessionState): Promise<void> {
  await db.query('update session set state = $2, changed_at = now() where id = $1', [id, state]);
  await db.query("select pg_notify('bellhop_thread', $1)", [id]);
}

/** Instructions are fixed when the thread starts: only the first call sets them. */
export async function fixInstructions(
  db: Queryable,
  id: SessionId,
  instructions: readonly Instruction[],
): Promise<void> {
  await db.query("update session set instructions = $2 where id = $1 and instructions = '[]'::jsonb", [
    id,
    JSON.stringify(instructions),
  ]);
}

function toSession(row: SessionRow): Session {
  return {
    id: row.id,
    team: row.team,
    channel: row.channel,
    threadTs: row.thread_ts,
    scope: row.scope,
    principal: row.principal,
    state: row.state,
    permalink: row.permalink,
    instructions: row.instructions,
    agentUid: row.agent_uid,
  };
}
