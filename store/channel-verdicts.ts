import type { ConfirmedChannel } from '../access/channel-patterns.ts';
import type { Queryable } from './database.ts';

/** What an administrator said of a channel whose name matches a pattern of the access file. */
export interface ChannelVerdict {
  readonly team: string;
  readonly channel: string;
  /** The name the channel had then, without `#`. */
  readonly name: string;
  readonly pattern: string;
  readonly confirmed: boolean;
  readonly decidedBy: string;
}

/** Every verdict on a channel that still has the name it had then. */
export async function listVerdicts(db: Queryable): Promise<ChannelVerdict[]> {
  const { rows } = await db.query<ChannelVerdict>(
    `select v.team, v.channel, v.name, v.pattern, v.confirmed, v.decided_by as "decidedBy"
     from channel_verdict v join channel c on c.team = v.team and c.id = v.channel and c.name = v.name
     order by v.name, v.team, v.channel`,
  );
  return rows;
}

/** The channels whose confirmation counts at this moment. */
export async function confirmedChannels(db: Queryable): Promise<ConfirmedChannel[]> {
  const { rows } = await db.query<ConfirmedChannel>(
    'select team, channel, name, pattern from confirmed_channel order by team, channel',
  );
  return rows;
}

/** Keeps a verdict in place of an earlier one. Call it under `lockPolicy` (policy.ts), so that no apply is under way. */
export async function keepVerdict(tx: Queryable, verdict: ChannelVerdict): Promise<void> {
  const { team, channel, name, pattern, confirmed, decidedBy } = verdict;
  await tx.query(
    `insert into channel_verdict (team, channel, name, pattern, confirmed, decided_by) values ($1, $2, $3, $4, $5, $6)
     on conflict (team, channel) do update set name = excluded.name, pattern = excluded.pattern,
       confirmed = excluded.confirmed, decided_by = excluded.decided_by, decided_at = now()`,
    [team, channel, name, pattern, confirmed, decidedBy],
  );
  await tx.query("select pg_notify('bellhop_policy', '')");
}

/** Drops verdicts for patterns that the access file no longer has. A pattern that comes back is confirmed anew. */
export async function dropVerdictsBut(tx: Queryable, patterns: readonly string[]): Promise<void> {
  await tx.query('delete from channel_verdict where pattern <> all ($1)', [patterns]);
}
