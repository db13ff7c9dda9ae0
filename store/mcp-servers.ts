/** What is known of MCP servers: which tools they list, and which definitions an administrator has approved. */
import type { OfferedTool, ToolDefinition } from '../contracts/mcp.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import { storableJson, storableText } from './storable.ts';

export interface ServerRef {
  /**
   * With whose credential it is asked: {@link OF_THE_FILE}, or the scope of a person. For one in a sandbox it is the session. Nothing of
   * one owner is ever given to another.
   */
  readonly owner: string;
  readonly connection: string;
  readonly url: string;
}

/** The owner of what is known with the credential of the access file. */
export const OF_THE_FILE = '';

/** The address of a server that a command starts in a sandbox: with another command it is another server. */
export function commandUrl(command: readonly string[]): string {
  return `command:${JSON.stringify(command)}`;
}

/** A tool as the store takes it. */
export interface NewTool {
  readonly digest: string;
  readonly definition: ToolDefinition;
  readonly problem: string | null;
}

/** A tool that a server lists. */
export interface KnownTool {
  readonly name: string;
  readonly digest: string;
  /** Why no model can be given it. Null when one can. */
  readonly problem: string | null;
  readonly bytes: number;
  /** The server says that a call changes nothing. */
  readonly readOnly: boolean;
  /** `new` and `changed` wait for an administrator. */
  readonly state: 'approved' | 'new' | 'changed';
}

export interface KnownServer extends ServerRef {
  /** When it last said which tools it has. Null: never. */
  readonly listedAt: Date | null;
  /** Why it could not be asked lately. Null when it could. */
  readonly problem: string | null;
  /** It did not accept the credential then. */
  readonly isRefused: boolean;
  /** In the server's order. */
  readonly tools: readonly KnownTool[];
}

/** How long after the last time a server is asked again. */
export interface ListingPauses {
  readonly usualMs: number;
  /** While it is not known, or could not be asked. */
  readonly troubledMs: number;
}

/**
 * Whether it is time to ask a server for its tools. Of several that call it at once, one gets true. With another address it is
 * another server: what was known of it is forgotten.
 */
export async function claimListing(
  db: Queryable,
  { owner, connection, url }: ServerRef,
  pauses: ListingPauses,
): Promise<boolean> {
  const { rows } = await db.query(
    `insert into mcp_server as known (owner, connection, url, asked_at) values ($5, $1, $2, clock_timestamp())
     on conflict (owner, connection) do update set url = excluded.url, asked_at = excluded.asked_at,
       listed = case when known.url = excluded.url then known.listed end,
       listed_at = case when known.url = excluded.url then known.listed_at end,
       problem = case when known.url = excluded.url then known.problem end
     where known.url <> excluded.url or known.asked_at < clock_timestamp() - interval '1 ms' *
       (case when known.listed is not null and known.problem is null then $3 else $4 end)::float8
     returning connection`,
    [connection, url, pauses.usualMs, pauses.troubledMs, owner],
  );
  return rows.length > 0;
}

/**
 * Keeps what a server lists. The tools of the first list are approved, because the access file that names the server was
 * applied just before. A tool that is new or changed in a later list waits. A list of another address changes nothing.
 *
 * @param isApproved whether every list counts at once. Then what is not listed any more is forgotten, because nobody has approved it
 */
export async function storeListing(
  database: Database,
  { owner, connection, url }: ServerRef,
  tools: readonly NewTool[],
  isApproved = false,
): Promise<void> {
  await inTransaction(database, async (db) => {
    const { rows } = await db.query<{ listed: string[] | null }>(
      'select listed from mcp_server where owner = $3 and connection = $1 and url = $2 for update',
      [connection, url, owner],
    );
    if (!rows[0]) return;
    const { listed } = rows[0];
    const digests = tools.map(({ digest }) => digest);
    await db.query(
      `update mcp_server set listed = $2, listed_at = clock_timestamp(), problem = null, is_refused = false
       where owner = $3 and connection = $1`,
      [connection, digests, owner],
    );
    if (listed !== null && listed.join() === digests.join()) return;
    if (listed === null) {
      await db.query('delete from mcp_tool where owner = $2 and connection = $1', [connection, owner]);
    }
    await db.query(
      `insert into mcp_tool (owner, connection, digest, name, definition, problem, approved_at)
       select $4, $1, digest, name, definition, problem, case when $3 then clock_timestamp() end
       from jsonb_to_recordset($2::jsonb) as tool (digest text, name text, definition jsonb, problem text)
       on conflict (owner, connection, digest) do nothing`,
      [
        connection,
        storableJson(tools.map((each) => ({ ...each, name: each.definition.name }))),
        listed === null || isApproved,
        owner,
      ],
    );
    await db.query(
      `delete from mcp_tool where owner = $3 and connection = $1 and (approved_at is null or $4) and not digest = any($2)`,
      [connection, digests, owner, isApproved],
    );
  });
}

/** A server of the access file that is due, and whether it could not be asked the last time. */
export interface DueServer extends ServerRef {
  readonly isTroubled: boolean;
}

/**
 * Which servers of the access file are to be asked now: those that nobody has asked yet come first, then those that have waited longest.
 * One statement says it of all of them, so that a look at which nothing is due writes nothing.
 */
export async function dueServers(
  db: Queryable,
  servers: readonly Omit<ServerRef, 'owner'>[],
  pauses: ListingPauses,
): Promise<DueServer[]> {
  if (servers.length === 0) return [];
  const { rows } = await db.query<DueServer>(
    `select $5 as owner, s.connection, s.url, known.problem is not null as "isTroubled"
     from unnest($1::text[], $2::text[]) as s (connection, url)
     left join mcp_server known on known.owner = $5 and known.connection = s.connection
     where known.connection is null or known.url <> s.url or known.asked_at < clock_timestamp() - interval '1 ms' *
       (case when known.listed is not null and known.problem is null then $3 else $4 end)::float8
     order by known.asked_at nulls first`,
    [
      servers.map(({ connection }) => connection),
      servers.map(({ url }) => url),
      pauses.usualMs,
      pauses.troubledMs,
      OF_THE_FILE,
    ],
  );
  return rows;
}

/** Keeps why a server could not be asked. What it listed before stays. */
export async function noteListingProblem(
  db: Queryable,
  { owner, connection, url }: ServerRef,
  problem: string,
  isRefused = false,
): Promise<void> {
  await db.query(
    'update mcp_server set problem = $3, is_refused = $5 where owner = $4 and connection = $1 and url = $2',
    [connection, url, storableText(problem), owner, isRefused],
  );
}

/**
 * Forgets the servers that are not in force any more, and were not asked for `ms`. Not at once, for these reasons: of two runners
 * beside proxies of different policies, each would forget what the other has; and with a server all that was approved of it goes.
 */
export async function dropServersBut(db: Queryable, connections: readonly string[], ms: number): Promise<void> {
  await db.query(
    `delete from mcp_server where owner = '' and not connection = any($1) and asked_at < clock_timestamp() - interval '1 ms' * $2::float8`,
    [connections, ms],
  );
}

/** What is known of some servers of one owner, with their tools. A server that nobody has asked yet is missing. */
export async function knownServers(
  db: Queryable,
  connections: readonly string[],
  owner: string = OF_THE_FILE,
): Promise<KnownServer[]> {
  const { rows } = await db.query<Omit<KnownServer, 'tools'> & { tools: readonly KnownTool[] | null }>(
    `select s.owner, s.connection, s.url, s.listed_at as "listedAt", s.problem, s.problem is not null and s.is_refused as "isRefused", tools.tools
     from mcp_server s left join lateral (
       select json_agg(json_build_object(
         'name', t.name, 'digest', t.digest, 'problem', t.problem, 'bytes', octet_length(t.definition::text),
         'readOnly', t.definition -> 'readOnly' = 'true'::jsonb,
         'state', case when t.approved_at is not null then 'approved'
           when exists (select 1 from mcp_tool o where o.owner = t.owner and o.connection = t.connection and o.name = t.name and o.approved_at is not null)
           then 'changed' else 'new' end
       ) order by listed.place) as tools
       from unnest(s.listed) with ordinality as listed (digest, place)
       join mcp_tool t on t.owner = s.owner and t.connection = s.connection and t.digest = listed.digest
     ) tools on true
     where s.owner = $2 and s.connection = any($1) order by s.connection`,
    [connections, owner],
  );
  return rows.map(({ tools, ...row }) => ({ ...row, tools: tools ?? [] }));
}

/** How many of these servers have neither listed their tools nor failed to. At another address a server is another one. */
export async function unheardOf(db: Queryable, servers: readonly ServerRef[]): Promise<number> {
  if (servers.length === 0) return 0;
  const { rows } = await db.query<{ count: number }>(
    `select count(*)::int as count from unnest($1::text[], $2::text[], $3::text[]) as s (owner, connection, url)
     left join mcp_server known on known.owner = s.owner and known.connection = s.connection and known.url = s.url
     where known.listed is null and known.problem is null`,
    [servers.map(({ owner }) => owner), servers.map(({ connection }) => connection), servers.map(({ url }) => url)],
  );
  return rows[0]?.count ?? 0;
}

/** The address under which a server is known. Null when it is not. */
export async function serverUrl(
  db: Queryable,
  connection: string,
  owner: string = OF_THE_FILE,
): Promise<string | null> {
  const { rows } = await db.query<{ url: string }>('select url from mcp_server where owner = $2 and connection = $1', [
    connection,
    owner,
  ]);
  return rows[0]?.url ?? null;
}

export interface DefinedTool extends OfferedTool {
  readonly definition: ToolDefinition;
}

export interface SizedTool extends DefinedTool {
  /** Of the definition, as in {@link KnownTool}. */
  readonly bytes: number;
}

/** The definitions of tools that a turn is offered. One that was replaced since is missing. */
export async function definitionsOf(db: Queryable, offered: readonly OfferedTool[]): Promise<SizedTool[]> {
  if (offered.length === 0) return [];
  const { rows } = await db.query<SizedTool>(
    `select t.connection as server, t.name, t.digest, t.definition, t.owner, octet_length(t.definition::text) as bytes
     from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked (connection, digest, owner, place)
     join mcp_tool t on t.owner = asked.owner and t.connection = asked.connection and t.digest = asked.digest
     order by asked.place`,
    [
      offered.map(({ server }) => server),
      offered.map(({ digest }) => digest),
      offered.map(({ owner }) => owner ?? OF_THE_FILE),
    ],
  );
  return offered.flatMap((each) => {
    const row = rows.find(
      ({ server, digest, owner }) =>
        server === each.server && digest === each.digest && owner === (each.owner ?? OF_THE_FILE),
    );
    return row ? [{ ...each, definition: row.definition, bytes: row.bytes }] : [];
  });
}

/**
 * The tools of a server that wait for an administrator, in the definitions that it lists now. Of a server that is offered to
 * people, each definition stands there once, whosever list has it.
 */
export async function waitingDefinitions(db: Queryable, connection: string): Promise<DefinedTool[]> {
  const { rows } = await db.query<DefinedTool>(
    `select distinct on (t.digest) t.connection as server, t.name, t.digest, t.definition
     from mcp_tool t join mcp_server s on s.owner = t.owner and s.connection = t.connection
     where t.connection = $1 and t.approved_at is null and t.digest = any(s.listed) order by t.digest`,
    [connection],
  );
  return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Approves tools of a server in these definitions, in every list that has them now. Definitions that were approved before and are not
 * listed any more go. Returns the digests that were waiting.
 */
export async function approveTools(
  database: Database,
  connection: string,
  digests: readonly string[],
): Promise<string[]> {
  return inTransaction(database, async (db) => {
    const { rows } = await db.query<{ owner: string; name: string; digest: string }>(
      `update mcp_tool t set approved_at = clock_timestamp() from mcp_server s
       where t.connection = $1 and t.approved_at is null and t.digest = any($2)
         and s.owner = t.owner and s.connection = t.connection and t.digest = any(s.listed)
       returning t.owner, t.name, t.digest`,
      [connection, digests],
    );
    await db.query(
      `delete from mcp_tool t using mcp_server s, unnest($2::text[], $3::text[]) as approved (owner, name)
       where t.owner = approved.owner and t.connection = $1 and t.name = approved.name
         and s.owner = t.owner and s.connection = t.connection and not t.digest = any(s.listed)`,
      [connection, rows.map(({ owner }) => owner), rows.map(({ name }) => name)],
    );
    return [...new Set(rows.map(({ digest }) => digest))];
  });
}
