/** What is known of MCP servers: which tools they list, and which definitions an administrator has approved. */
import type { OfferedTool, ToolDefinition } from '../contracts/mcp.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import { storableJson, storableText } from './storable.ts';

export interface ServerRef {
  readonly connection: string;
  readonly url: string;
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
  /** `new` and `changed` wait for an administrator. */
  readonly state: 'approved' | 'new' | 'changed';
}

export interface KnownServer extends ServerRef {
  /** When it last said which tools it has. Null: never. */
  readonly listedAt: Date | null;
  /** Why it could not be asked lately. Null when it could. */
  readonly problem: string | null;
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
  { connection, url }: ServerRef,
  pauses: ListingPauses,
): Promise<boolean> {
  const { rows } = await db.query(
    `insert into mcp_server as known (connection, url, asked_at) values ($1, $2, clock_timestamp())
     on conflict (connection) do update set url = excluded.url, asked_at = excluded.asked_at,
       listed = case when known.url = excluded.url then known.listed end,
       listed_at = case when known.url = excluded.url then known.listed_at end,
       problem = case when known.url = excluded.url then known.problem end
     where known.url <> excluded.url or known.asked_at < clock_timestamp() - interval '1 ms' *
       (case when known.listed is not null and known.problem is null then $3 else $4 end)::float8
     returning connection`,
    [connection, url, pauses.usualMs, pauses.troubledMs],
  );
  return rows.length > 0;
}

/**
 * Keeps what a server lists. The tools of the first list are approved, because the access file that names the server was
 * applied just before. A tool that is new or changed in a later list waits. A list of another address changes nothing.
 */
export async function storeListing(
  database: Database,
  { connection, url }: ServerRef,
  tools: readonly NewTool[],
): Promise<void> {
  await inTransaction(database, async (db) => {
    const { rows } = await db.query<{ listed: string[] | null }>(
      'select listed from mcp_server where connection = $1 and url = $2 for update',
      [connection, url],
    );
    if (!rows[0]) return;
    const { listed } = rows[0];
    const digests = tools.map(({ digest }) => digest);
    await db.query(
      'update mcp_server set listed = $2, listed_at = clock_timestamp(), problem = null where connection = $1',
      [connection, digests],
    );
    if (listed !== null && listed.join() === digests.join()) return;
    if (listed === null) await db.query('delete from mcp_tool where connection = $1', [connection]);
    await db.query(
      `insert into mcp_tool (connection, digest, name, definition, problem, approved_at)
       select $1, digest, name, definition, problem, case when $3 then clock_timestamp() end
       from jsonb_to_recordset($2::jsonb) as tool (digest text, name text, definition jsonb, problem text)
       on conflict (connection, digest) do nothing`,
      [connection, storableJson(tools.map((each) => ({ ...each, name: each.definition.name }))), listed === null],
    );
    await db.query('delete from mcp_tool where connection = $1 and approved_at is null and not digest = any($2)', [
      connection,
      digests,
    ]);
  });
}

/** Keeps why a server could not be asked. What it listed before stays. */
export async function noteListingProblem(
  db: Queryable,
  { connection, url }: ServerRef,
  problem: string,
): Promise<void> {
  await db.query('update mcp_server set problem = $3 where connection = $1 and url = $2', [
    connection,
    url,
    storableText(problem),
  ]);
}

/**
 * Forgets the servers that are not in force any more, and were not asked for `ms`. Not at once, for these reasons: of two runners
 * beside proxies of different policies, each would forget what the other has; and with a server all that was approved of it goes.
 */
export async function dropServersBut(db: Queryable, connections: readonly string[], ms: number): Promise<void> {
  await db.query(
    `delete from mcp_server where not connection = any($1) and asked_at < clock_timestamp() - interval '1 ms' * $2::float8`,
    [connections, ms],
  );
}

/** What is known of some servers, with their tools. A server that nobody has asked yet is missing. */
export async function knownServers(db: Queryable, connections: readonly string[]): Promise<KnownServer[]> {
  const { rows } = await db.query<Omit<KnownServer, 'tools'> & { tools: readonly KnownTool[] | null }>(
    `select s.connection, s.url, s.listed_at as "listedAt", s.problem, tools.tools
     from mcp_server s left join lateral (
       select json_agg(json_build_object(
         'name', t.name, 'digest', t.digest, 'problem', t.problem, 'bytes', length(t.definition::text),
         'state', case when t.approved_at is not null then 'approved'
           when exists (select 1 from mcp_tool o where o.connection = t.connection and o.name = t.name and o.approved_at is not null)
           then 'changed' else 'new' end
       ) order by listed.place) as tools
       from unnest(s.listed) with ordinality as listed (digest, place)
       join mcp_tool t on t.connection = s.connection and t.digest = listed.digest
     ) tools on true
     where s.connection = any($1) order by s.connection`,
    [connections],
  );
  return rows.map(({ tools, ...row }) => ({ ...row, tools: tools ?? [] }));
}

/** The address under which a server is known. Null when it is not. */
export async function serverUrl(db: Queryable, connection: string): Promise<string | null> {
  const { rows } = await db.query<{ url: string }>('select url from mcp_server where connection = $1', [connection]);
  return rows[0]?.url ?? null;
}

export interface DefinedTool extends OfferedTool {
  readonly definition: ToolDefinition;
}

/** The definitions of tools that a turn is offered. One that was replaced since is missing. */
export async function definitionsOf(db: Queryable, offered: readonly OfferedTool[]): Promise<DefinedTool[]> {
  if (offered.length === 0) return [];
  const { rows } = await db.query<DefinedTool>(
    `select t.connection as server, t.name, t.digest, t.definition
     from unnest($1::text[], $2::text[]) with ordinality as asked (connection, digest, place)
     join mcp_tool t on t.connection = asked.connection and t.digest = asked.digest order by asked.place`,
    [offered.map(({ server }) => server), offered.map(({ digest }) => digest)],
  );
  return rows;
}

/**
 * Approves tools of a server in these definitions, as far as it lists them now. Definitions that were approved before and are not
 * listed any more go. Returns the digests that were waiting.
 */
export async function approveTools(
  database: Database,
  connection: string,
  digests: readonly string[],
): Promise<string[]> {
  return inTransaction(database, async (db) => {
    const { rows } = await db.query<{ name: string; digest: string }>(
      `update mcp_tool t set approved_at = clock_timestamp() from mcp_server s
       where s.connection = $1 and t.connection = s.connection and t.digest = any(s.listed) and t.approved_at is null
         and t.digest = any($2) returning t.name, t.digest`,
      [connection, digests],
    );
    await db.query(
      `delete from mcp_tool t using mcp_server s
       where s.connection = $1 and t.connection = s.connection and not t.digest = any(s.listed) and t.name = any($2)`,
      [connection, rows.map(({ name }) => name)],
    );
    return rows.map(({ digest }) => digest);
  });
}
