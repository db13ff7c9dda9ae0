import type { EgressEvent } from '../contracts/egress.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Principal } from '../contracts/scope.ts';
import type { Queryable } from './database.ts';

/** Queries for people who watch a thread. They change nothing, because the console's role may only read. */

export interface TurnRecord {
  readonly number: number;
  readonly requester: string;
  /** Slack's ids of everybody whose words for the agent it has read. */
  readonly steeredBy: readonly string[];
  readonly state: 'running' | 'answered' | 'stopped' | 'limit' | 'failed';
  readonly failure: string | null;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** When effective access was resolved, and by which version of the policy. */
  readonly resolvedAt: Date | null;
  readonly policyVersion: number | null;
  readonly snapshot: string | null;
  /** When its sandbox could run commands. */
  readonly sandboxReadyAt: Date | null;
  /** When the final answer was in Slack. */
  readonly answeredAt: Date | null;
}

export interface StepRecord {
  readonly turn: number;
  readonly number: number;
  readonly kind: 'model' | 'tool';
  readonly tool: string | null;
  readonly state: 'pending' | 'running' | 'done' | 'failed' | 'stopped' | 'unknown';
  readonly exitCode: number | null;
  readonly truncated: boolean;
  readonly attempt: number;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

export interface SessionRecord {
  readonly state: string;
  readonly scope: string;
  readonly principal: Principal;
  readonly runner: string | null;
  readonly sandbox: string | null;
}

/** The session and the place of its sandbox. Null until somebody has addressed the agent in the thread. */
export async function readSession(db: Queryable, session: SessionId): Promise<SessionRecord | null> {
  const { rows } = await db.query<SessionRecord>(
    `select s.state, s.scope, s.principal, b.runner, b.id as sandbox
     from session s left join sandbox b on b.session = s.id where s.id = $1`,
    [session],
  );
  return rows[0] ?? null;
}

/** The last turns of a thread, oldest first. */
export async function readTurns(db: Queryable, session: SessionId, limit = 50): Promise<TurnRecord[]> {
  const { rows } = await db.query<TurnRecord>(
    `select t.number, t.requester, t.steered_by as "steeredBy", t.state, t.failure, t.started_at as "startedAt", t.ended_at as "endedAt",
            t.input_tokens::int as "inputTokens", t.output_tokens::int as "outputTokens",
            a.taken_at as "resolvedAt", a.policy_version as "policyVersion", a.id as snapshot,
            t.sandbox_ready_at as "sandboxReadyAt",
            (select max(o.sent_at) from outbox o
              where o.key = t.session || '/' || t.number || '/answer' and o.final) as "answeredAt"
     from turn t
     left join access_snapshot a on a.session = t.session and a.turn = t.number
     where t.session = $1 order by t.number desc limit $2`,
    [session, limit],
  );
  return rows.reverse();
}

/** The last steps of a thread, oldest first. The console's role may not read their arguments and output. */
export async function readSteps(db: Queryable, session: SessionId, limit = 500): Promise<StepRecord[]> {
  const { rows } = await db.query<StepRecord>(
    `select turn, number, kind, tool, state, exit_code as "exitCode", truncated, attempt,
            started_at as "startedAt", ended_at as "endedAt"
     from step where session = $1 order by turn desc, number desc limit $2`,
    [session, limit],
  );
  return rows.reverse();
}

/** Null for an event that is not, or not yet, stored. */
export async function findEgressEvent(db: Queryable, id: string): Promise<EgressEvent | null> {
  const { rows } = await db.query<Omit<EgressEvent, 'at'> & { readonly at: Date }>(
    `select id, at, sandbox, session, turn, principal, requester, scope, outcome, code, reason, rule, bundle,
       rule_scope as "ruleScope", connection, method, scheme, host, port, path, status,
       bytes_out::float8 as "bytesOut", bytes_in::float8 as "bytesIn", duration_ms as "durationMs", transport,
       own_credentials as "ownCredentials", requests::float8 as requests
     from egress_event where id = $1`,
    [id],
  );
  return rows[0] ? { ...rows[0], at: rows[0].at.toISOString() } : null;
}
