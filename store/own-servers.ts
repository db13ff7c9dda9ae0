/** MCP servers in the name of people: whose lists are wanted. What they list is kept as that of any server (mcp-servers.ts). */
import type { Queryable } from './database.ts';
import type { ServerRef } from './mcp-servers.ts';

/** How long a list of a person is good. */
const GOOD_MS = 5 * 60_000;
/** After this long, one that could not be had is wanted again. */
const TROUBLED_MS = 30_000;

/**
 * Says that the list of a person's server is wanted, unless it is known well enough, and wakes a runner that asks for it. Nobody
 * asks the servers of people who do nothing.
 *
 * @param isNew the person has just entered a credential, so what was listed before may be of another account
 */
export async function wantListing(db: Queryable, { owner, connection, url }: ServerRef, isNew = false): Promise<void> {
  const { rowCount } = await db.query(
    `insert into mcp_server as known (owner, connection, url, asked_at, wanted)
     values ($1, $2, $3, clock_timestamp() - interval '1 day', true)
     on conflict (owner, connection) do update set url = excluded.url, wanted = true,
       asked_at = case when $4 or known.url <> excluded.url then excluded.asked_at else known.asked_at end,
       listed = case when known.url = excluded.url then known.listed end,
       listed_at = case when known.url = excluded.url then known.listed_at end,
       problem = case when known.url = excluded.url and not $4 then known.problem end
     where $4 or known.url <> excluded.url or (not known.wanted and known.asked_at < clock_timestamp() - interval '1 ms' *
       (case when known.listed is not null and known.problem is null then $5 else $6 end)::float8)`,
    [owner, connection, url, isNew, GOOD_MS, TROUBLED_MS],
  );
  if (rowCount === 1) db.wake('bellhop_servers');
}

/**
 * Takes servers of people whose lists are wanted, for this runner alone, those that have waited longest first.
 *
 * @param troubled whether to take those that could not be asked lately, or the others
 */
export async function takeWanted(db: Queryable, troubled: boolean, limit: number): Promise<ServerRef[]> {
  if (limit <= 0) return [];
  const { rows } = await db.query<ServerRef>(
    `update mcp_server set wanted = false, asked_at = clock_timestamp()
     where (owner, connection) in (
       select owner, connection from mcp_server
       where wanted and (problem is not null) = $1 and asked_at < clock_timestamp() - interval '1 ms' * $3::float8
       order by asked_at limit $2 for update skip locked)
     returning owner, connection, url`,
    [troubled, limit, TROUBLED_MS],
  );
  return rows;
}

/** Forgets a few of the servers of people and of sandboxes that no turn has wanted for `ms`. */
export async function dropUnused(db: Queryable, ms: number): Promise<void> {
  await db.query(
    `delete from mcp_server where (owner, connection) in (
       select owner, connection from mcp_server where owner <> '' and asked_at < clock_timestamp() - interval '1 ms' * $1::float8
       order by asked_at limit 1000 for update skip locked)`,
    [ms],
  );
}
