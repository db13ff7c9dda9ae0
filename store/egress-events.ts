import type { EgressCounts, EgressEvent } from '../contracts/egress.ts';
import type { Queryable } from './database.ts';
import { storableText } from './storable.ts';

const COLUMNS = `id uuid, at timestamptz, sandbox text, session text, turn int, principal text, requester text, scope text,
  outcome text, code text, reason text, rule text, bundle text, rule_scope text, connection text, method text,
  scheme text, host text, port int, path text, status int, bytes_out bigint, bytes_in bigint, duration_ms int,
  transport text, own_credentials boolean`;

const NAMES = COLUMNS.split(',')
  .map((column) => column.trim().split(' ', 1)[0])
  .join(', ');

/**
 * Stores events, each once however often it is stored, and tells listeners on `bellhop_egress` which sessions have
 * new ones. Returns how many were new.
 */
export async function storeEgressEvents(db: Queryable, events: readonly EgressEvent[]): Promise<number> {
  if (events.length === 0) return 0;
  const { rows } = await db.query<{ stored: number }>(
    `with stored as (
       insert into egress_event (${NAMES})
       select ${NAMES} from jsonb_to_recordset($1::jsonb) as event (${COLUMNS})
       on conflict (id) do nothing
       returning session
     ), told as (
       select pg_notify('bellhop_egress', session) from (select distinct session from stored where session is not null) s
     )
     select (select count(*)::int from stored) as stored, (select count(*) from told) as told`,
    [JSON.stringify(events.map(rowOf))],
  );
  return rows[0]?.stored ?? 0;
}

/** What was stored of one turn, counted. */
export async function egressCounts(db: Queryable, session: string, turn: number): Promise<EgressCounts> {
  const { rows } = await db.query<EgressCounts>(
    `select count(*) filter (where outcome = 'injected')::int as injected,
       count(*) filter (where outcome = 'forwarded')::int as forwarded,
       count(*) filter (where outcome = 'blocked')::int as blocked,
       coalesce(sum(bytes_out), 0)::float8 as "bytesOut"
     from egress_event where session = $1 and turn = $2`,
    [session, turn],
  );
  return rows[0] ?? { injected: 0, forwarded: 0, blocked: 0, bytesOut: 0 };
}

/** The events of a session, oldest first, at most `limit` of the newest. */
export async function egressEventsOf(db: Queryable, session: string, limit = 1_000): Promise<EgressEvent[]> {
  const { rows } = await db.query<EgressEvent & { at: string | Date }>(
    `select * from (
       select id, at, sandbox, session, turn, principal, requester, scope, outcome, code, reason, rule, bundle,
         rule_scope as "ruleScope", connection, method, scheme, host, port, path, status,
         bytes_out::float8 as "bytesOut", bytes_in::float8 as "bytesIn", duration_ms as "durationMs", transport,
         own_credentials as "ownCredentials"
       from egress_event where session = $1 order by at desc, id limit $2) newest
     order by at, id`,
    [session, limit],
  );
  return rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
}

function rowOf(event: EgressEvent): Record<string, unknown> {
  const { ruleScope, bytesOut, bytesIn, durationMs, ownCredentials, ...same } = event;
  const row = {
    ...same,
    rule_scope: ruleScope,
    bytes_out: bytesOut,
    bytes_in: bytesIn,
    duration_ms: durationMs,
    own_credentials: ownCredentials ?? null,
  };
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'string' ? storableText(value) : value]),
  );
}
