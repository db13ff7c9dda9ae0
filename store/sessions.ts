import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Principal, ScopeKey } from '../contracts/scope.ts';
import type { SessionState } from '../contracts/search-attributes.ts';
import type { Queryable } from './database.ts';
import { rowMissing } from './errors.ts';

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
  /** Slack's id of the person whose connections its sandbox may have been served. Only this person goes on in it. Null: nobody's. */
  readonly owner: string | null;
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
  /** @default null */
  readonly owner?: string | null;
}

const COLUMNS = `id, team, channel, thread_ts as "threadTs", scope, principal, state, permalink, instructions, owner,
  agent_uid as "agentUid"`;

/**
 * Creates the session unless it exists. For an existing session it only fills in a missing permalink and marks an old
 * session as used, so that retention leaves it alone:
 *
 * 1. Retention locks the session of a thread that was unused for a year, and deletes it.
 * 2. At the same time somebody writes in that thread. The update below waits for the lock and finds no row.
 * 3. The insert creates the session again.
 *
 * Therefore no message is delivered to a deleted session.
 *
 * A number for the agent's user is taken only when a row is created. PostgreSQL fills in defaults before it looks for a
 * conflict, so `on conflict` alone would take a number for every message.
 */
export async function ensureSession(db: Queryable, session: NewSession): Promise<void> {
  const { team, channel, threadTs } = threadOf(session.id);
  await db.query(
    `update session set changed_at = now(), permalink = coalesce(permalink, $2)
     where id = $1 and (changed_at < now() - interval '1 hour' or (permalink is null and $2::text is not null))`,
    [session.id, session.permalink],
  );
  await db.query(
    `insert into session (id, team, channel, thread_ts, scope, principal, permalink, owner)
     select $1, $2, $3, $4, $5, $6, $7, $8 where not exists (select 1 from session where id = $1)
     on conflict (id) do nothing`,
    [session.id, team, channel, threadTs, session.scope, session.principal, session.permalink, session.owner ?? null],
  );
}

/** Null when no message of this thread was ever accepted. */
export async function findSession(db: Queryable, id: SessionId): Promise<Session | null> {
  const { rows } = await db.query<Session>(`select ${COLUMNS} from session where id = $1`, [id]);
  return rows[0] ?? null;
}

/**
 * @throws StoreError `RowMissing` when there is none. Only its own workflow calls this, so the database was restored.
 */
export async function getSession(db: Queryable, id: SessionId): Promise<Session> {
  const session = await findSession(db, id);
  if (!session) throw rowMissing(`session ${id}`);
  return session;
}

/** Whether the thread has a session. Then messages without a mention are for the agent too. */
export async function hasSession(db: Queryable, id: SessionId): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from session where id = $1', [id]);
  return rowCount === 1;
}

/**
 * Notes whose words a tool is about to give a session that belongs to nobody, as the claim of messages does (claim-messages.ts). Once others
 * have had a word, no connection of a person is used in it.
 * @param speaker Slack's id of the one person; empty: several, or an app
 * @returns false when the session is a person's by now, and nothing was noted
 */
export async function noteHeard(db: Queryable, id: SessionId, speaker: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `update session set heard = case when coalesce(heard, $2) = $2 then $2 else '' end where id = $1 and owner is null`,
    [id, speaker],
  );
  return rowCount === 1;
}

/**
 * Gives a session to a person before a connection of theirs is used in it. False when it is another person's. Call it with the turn held, so
 * that no message of anybody else is claimed meanwhile.
 */
export async function giveSessionTo(db: Queryable, id: SessionId, person: string): Promise<boolean> {
  const { rowCount } = await db.query('update session set owner = $2 where id = $1 and coalesce(owner, $2) = $2', [
    id,
    person,
  ]);
  return rowCount === 1;
}

/** Sets the state and notifies listeners of the thread, such as the page, on `bellhop_thread`. */
export async function setSessionState(db: Queryable, id: SessionId, state: SessionState): Promise<void> {
  await db.query('update session set state = $2, changed_at = now() where id = $1', [id, state]);
  db.wake('bellhop_thread', id);
}

/** Instructions are fixed when the thread starts: only the first call sets them, and the first one after a restart. */
export async function fixInstructions(
  db: Queryable,
  id: SessionId,
  turn: number,
  instructions: readonly Instruction[],
): Promise<void> {
  await db.query(
    `update session set instructions = $3, instructions_turn = $2
     where id = $1 and (instructions = '[]'::jsonb or instructions_turn <= forgotten_turn and forgotten_turn > 0)`,
    [id, turn, JSON.stringify(instructions)],
  );
}
