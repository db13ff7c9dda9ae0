import type { Queryable } from './database.ts';
import { storableText } from './storable.ts';

export type ChannelKind = 'public' | 'private' | 'im' | 'mpim';

/** A conversation as Slack last described it. */
export interface Channel {
  readonly team: string;
  readonly id: string;
  /** Without `#`; empty for DMs. */
  readonly name: string;
  readonly kind: ChannelKind;
  /** Shared with another organization, or about to be. */
  readonly external: boolean;
  /** What people have written about it. @default nothing */
  readonly topic?: string;
  readonly purpose?: string;
  readonly seenAt: Date;
}

interface Row {
  team: string;
  id: string;
  name: string;
  kind: ChannelKind;
  external: boolean;
  topic: string;
  purpose: string;
  seen_at: Date;
}

const COLUMNS = 'team, id, name, kind, external, topic, purpose, seen_at';

/** Null when Slack was never asked about it. */
export async function findChannel(db: Queryable, team: string, id: string): Promise<Channel | null> {
  const { rows } = await db.query<Row>(`select ${COLUMNS} from channel where team = $1 and id = $2`, [team, id]);
  return rows[0] ? toChannel(rows[0]) : null;
}

/** Finds a channel by its name, with or without `#`. At any moment a workspace has each name only once. */
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

/**
 * Stores Slack's description of a conversation. False when Slack has announced a change since it was asked. Then the
 * answer may be older than the change, and the next message asks Slack again. Under another name a channel is another match
 * for patterns, so what was said of it is forgotten.
 * @param askedAt when Slack was asked, by the database's clock; now if left out
 */
export async function saveChannel(db: Queryable, channel: Omit<Channel, 'seenAt'>, askedAt?: Date): Promise<boolean> {
  const { rows } = await db.query<{ believed: boolean }>(
    `with renamed as (delete from channel_verdict where team = $1 and channel = $2 and name <> $3)
     insert into channel (team, id, name, kind, external, topic, purpose) values ($1, $2, $3, $4, $5, $7, $8)
     on conflict (team, id) do update
     set name = excluded.name, kind = excluded.kind, external = excluded.external, topic = excluded.topic, purpose = excluded.purpose,
         seen_at = case when channel.changed_at >= coalesce($6::timestamptz, clock_timestamp()) then 'epoch' else now() end
     returning seen_at > 'epoch' as believed`,
    [
      ...[channel.team, channel.id, channel.name, channel.kind, channel.external, askedAt ?? null],
      ...[storableText(channel.topic ?? ''), storableText(channel.purpose ?? '')],
    ],
  );
  return rows[0]?.believed ?? false;
}

/** Forgets a channel that Slack says has changed, so that the next message there asks Slack again. */
export async function forgetChannel(db: Queryable, team: string, id: string): Promise<void> {
  await db.query("update channel set seen_at = 'epoch', changed_at = now() where team = $1 and id = $2", [team, id]);
}

function toChannel(row: Row): Channel {
  return {
    team: row.team,
    id: row.id,
    name: row.name,
    kind: row.kind,
    external: row.external,
    topic: row.topic,
    purpose: row.purpose,
    seenAt: row.seen_at,
  };
}
