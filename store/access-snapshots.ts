import type {
  EffectiveAccess,
  EffectiveConnectionRule,
  EffectiveDomain,
  EffectiveRepository,
  EffectiveServer,
} from '../access/decision.ts';
import type { Connection } from '../access/document.ts';
import type { SessionId } from '../contracts/ids.ts';
import { NO_TOOLS, type TurnTools } from '../contracts/mcp.ts';
import type { Queryable } from './database.ts';
import { storableJson } from './storable.ts';

/** Effective access as it is stored: rules and repositories name their connection, and each connection stands there once. */
interface StoredAccess extends Omit<EffectiveAccess, 'rules' | 'repositories' | 'servers'> {
  readonly connections: readonly Connection[];
  readonly rules: readonly (Named<EffectiveConnectionRule> | EffectiveDomain)[];
  readonly repositories: readonly Named<EffectiveRepository>[];
  /** Absent in what was stored before there were any. */
  readonly servers?: readonly Named<EffectiveServer>[];
}

type Named<T extends { readonly connection: Connection }> = Omit<T, 'connection'> & { readonly connection: string };

/**
 * Stores the effective access with which a turn begins. Each turn has one snapshot: a second call returns the id of the
 * first. The proxy never uses snapshots for decisions. Call it with the turn held (turn-fence.ts).
 */
export async function takeSnapshot(
  db: Queryable,
  session: SessionId,
  turn: number,
  access: EffectiveAccess,
  tools: TurnTools = NO_TOOLS,
): Promise<string> {
  const { rows } = await db.query<{ id: string }>(
    `with taken as (
       insert into access_snapshot (session, turn, policy_version, access, tools) values ($1, $2, $3, $4, $5)
       on conflict (session, turn) do nothing returning id)
     select id from taken union all select id from access_snapshot where session = $1 and turn = $2 limit 1`,
    [session, turn, access.policyVersion, JSON.stringify(toStored(access)), storableJson(tools)],
  );
  const id = rows[0]?.id;
  if (!id) throw new Error(`no snapshot for ${session}/${turn}`);
  return id;
}

/** What a turn is offered of MCP servers. */
export async function turnToolsOf(db: Queryable, session: SessionId, turn: number): Promise<TurnTools> {
  const { rows } = await db.query<{ tools: TurnTools }>(
    'select tools from access_snapshot where session = $1 and turn = $2',
    [session, turn],
  );
  return rows[0]?.tools ?? NO_TOOLS;
}

/** The name of the model with which a turn began. Null when the access file named none. */
export async function modelNameOf(db: Queryable, session: SessionId, turn: number): Promise<string | null> {
  const { rows } = await db.query<{ model: string | null }>(
    `select access->>'model' as model from access_snapshot where session = $1 and turn = $2`,
    [session, turn],
  );
  return rows[0]?.model ?? null;
}

/** The access a turn began with. */
export async function snapshotOf(db: Queryable, session: SessionId, turn: number): Promise<EffectiveAccess | null> {
  const { rows } = await db.query<{ access: StoredAccess }>(
    'select access from access_snapshot where session = $1 and turn = $2',
    [session, turn],
  );
  return rows[0] ? fromStored(rows[0].access) : null;
}

function toStored({ rules, repositories, servers, ...rest }: EffectiveAccess): StoredAccess {
  const connections = new Map<string, Connection>();
  function named<T extends { readonly connection: Connection }>(item: T): Named<T> {
    connections.set(item.connection.id, item.connection);
    return { ...item, connection: item.connection.id };
  }
  return {
    ...rest,
    rules: rules.map((rule) => (rule.from === 'connection' ? named(rule) : rule)),
    repositories: repositories.map(named),
    servers: servers.map(named),
    connections: [...connections.values()],
  };
}

function fromStored({ connections, rules, repositories, servers = [], ...rest }: StoredAccess): EffectiveAccess {
  const byId = new Map(connections.map((each) => [each.id, each]));
  function whole<T extends { readonly connection: string }>(
    item: T,
  ): Omit<T, 'connection'> & { connection: Connection } {
    const connection = byId.get(item.connection);
    if (!connection) throw new Error(`the snapshot lacks its connection ${item.connection}`);
    return { ...item, connection };
  }
  return {
    ...rest,
    rules: rules.map((rule) => (rule.from === 'connection' ? whole(rule) : rule)),
    repositories: repositories.map(whole),
    servers: servers.map(whole),
  };
}
