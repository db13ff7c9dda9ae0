import type { Queryable } from './database.ts';

export type ChannelKind = 'public' | 'private' | 'im' | 'mpim';

/** A conversation, as Slack described it when last asked. */
export interface Channel {
  readonly team: string;
  readonly id: string;
  /** Without `#`; empty for DMs. */
  readonly name: string;
  readonly kind: ChannelKind;
  /** Shared with another organization, or about to be. */
  readonly external: boolean;
  readonly seenAt: Date;
}

interface Row {
  team: string;
  id: string;
  name: string;
  kind: ChannelKind;
  external: boolean;
  seen_at: Date;
}

const COLUMNS = 'team, id, name, kind, external, seen_at';

/** Null when Slack was never asked about it. */
export async function findChannel(db: Queryable, team: string, id: string): Promise<Channel | null> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from channel where team = $1 and id = $2`, [team, id]);
  return rows[0] ? toChannel(rows[0]) : null;
}

/** By its name, with or without `#`. Names are unique within a workspace at any one time. */
export async function findChannelByName(db: Queryable, name: string): Promise<Channel | null> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from channel where name = $1 and kind in ('public', 'private') order by seen_at desc limit 1`,
    [name.replace(/^#/, '')],
  );
  return rows[0] ? toChannel(rows[0]) : null;
}

/** Public and private channels by name; no direct messages. */
export async function listChannels(db: Queryable): Promise<Channel[]> {
  const { rows } = await db.query<Row>(
    `select ${COLUMNS} from channel where kind in ('public', 'private') order by name`,
  );
  return rows.map(toChannel);
}

/** Writes what Slack says now; `seenAt` becomes this moment. */
export async function saveChannel(db: Queryable, channel: Omit<Channel, 'seenAt'>): Promise<void> {
  await db.query(
    `insert into channel (team, id, name, kind, external) values ($1, $2, $3, $4, $5)
     on conflict (team, id) do update
     set name = excluded.name, kind = excluded.kind, external = excluded.external, seen_at = now()`,
    [channel.team, channel.id, channel.name, channel.kind, channel.external],
  );
}

/** The next message there asks Slack again. */
export async function forgetChannel(db: Queryable, team: string, id: string): Promise<void> {
  await db.query("update channel set seen_at = 'epoch' where team = $1 and id = $2", [team, id]);
}

function toChannel(row: Row): Channel {
  return {
    team: row.team,
    id: row.id,
    name: row.name,
    kind: row.kind,
    external: row.external,
    seenAt: row.seen_at,
  };
}
