import type { RecordedRequest } from '../access/replay.ts';
import type { EgressCounts, EgressEvent } from '../contracts/egress.ts';
import type { Queryable } from './database.ts';
import { storableText } from './storable.ts';

const COLUMNS = `id uuid, at timestamptz, sandbox text, session text, turn int, principal text, requester text, scope text,
  outcome text, code text, reason text, rule text, bundle text, rule_scope text, connection text, method text,
  scheme text, host text, port int, path text, status int, bytes_out bigint, bytes_in bigint, duration_ms int,
  transport text, own_credentials boolean, requests bigint, operation text, repository text, ref text, pull_request int,
  tool text`;

const NAMES = COLUMNS.split(',')
  .map((column) => column.trim().split(' ', 1)[0])
  .join(', ');

/**
 * Stores events and tells listeners on `bellhop_egress` which sessions have new ones. Storing an event again changes
 * nothing. A shared row (see `EgressEvent.requests`) keeps its largest sums, in any order of arrival. Returns how many
 * rows were new or have grown.
 */
export async function storeEgressEvents(db: Queryable, events: readonly EgressEvent[]): Promise<number> {
  if (events.length === 0) return 0;
  const { rows } = await db.query<{ session: string | null }>(
    `insert into egress_event (${NAMES})
     select ${NAMES} from jsonb_to_recordset($1::jsonb) as event (${COLUMNS})
     on conflict (id) do update
       set requests = excluded.requests, bytes_out = excluded.bytes_out, bytes_in = excluded.bytes_in
       where excluded.requests > egress_event.requests
     returning session`,
    [JSON.stringify(onePerId(events).map(rowOf))],
  );
  for (const session of new Set(rows.map((row) => row.session))) if (session) db.wake('bellhop_egress', session);
  return rows.length;
}

/**
 * One statement may not write a row twice. Keeps the first event of each id, unless a later one counts more requests.
 */
function onePerId(events: readonly EgressEvent[]): EgressEvent[] {
  const byId = new Map<string, EgressEvent>();
  for (const event of events) {
    const known = byId.get(event.id);
    if (!known || (event.requests ?? 1) > (known.requests ?? 1)) byId.set(event.id, event);
  }
  return [...byId.values()];
}

/** The counts of one turn, from its stored events. */
export async function egressCounts(db: Queryable, session: string, turn: number): Promise<EgressCounts> {
  const { rows } = await db.query<EgressCounts>(
    `select coalesce(sum(requests) filter (where outcome = 'injected'), 0)::float8 as injected,
       coalesce(sum(requests) filter (where outcome = 'forwarded'), 0)::float8 as forwarded,
       coalesce(sum(requests) filter (where outcome = 'blocked'), 0)::float8 as blocked,
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
         own_credentials as "ownCredentials", requests::float8 as requests,
         operation, repository, ref, pull_request as "pullRequest", tool
       from egress_event where session = $1 order by at desc, id limit $2) newest
     order by at, id`,
    [session, limit],
  );
  return rows.map((row) => ({ ...row, at: new Date(row.at).toISOString() }));
}

/** Refusals that follow from the rules, and not from the network or the state of a turn. */
const DECIDED = [
  'guardrail',
  'connection_denied',
  'not_allowed',
  'method_not_allowed',
  'path_not_allowed',
  'port_not_allowed',
  'cleartext_credential',
  'disabled',
];

/**
 * The requests of turns since a time about which rules for hosts decided, alike ones together. It reads at most `limit` of the newest
 * events, so that a busy installation does not keep it for minutes.
 */
export async function judgedRequestsSince(db: Queryable, since: Date, limit = 200_000): Promise<RecordedRequest[]> {
  const { rows } = await db.query<RecordedRequest>(
    `select scope, outcome, method, scheme, host, port, path, transport, connection, sum(requests)::float8 as requests
     from (
       select * from egress_event where stored_at >= $1 order by stored_at desc limit $2) newest
     where scope is not null and principal is distinct from 'operator' and code <> 'mcp_server' and (outcome <> 'blocked' or code = any($3))
     group by scope, outcome, method, scheme, host, port, path, transport, connection`,
    [since, limit, DECIDED],
  );
  return rows;
}

function rowOf(event: EgressEvent): Record<string, unknown> {
  const { ruleScope, bytesOut, bytesIn, durationMs, ownCredentials, pullRequest, ...same } = event;
  const row = {
    ...same,
    rule_scope: ruleScope,
    bytes_out: bytesOut,
    bytes_in: bytesIn,
    duration_ms: durationMs,
    own_credentials: ownCredentials ?? null,
    requests: event.requests ?? 1,
    pull_request: pullRequest ?? null,
    tool: event.tool ?? null,
  };
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, typeof value === 'string' ? storableText(value) : value]),
  );
}
