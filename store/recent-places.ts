import type { Queryable } from './database.ts';

export interface RecentThread {
  readonly channel: string;
  readonly threadTs: string;
}

/** Threads of sessions in which something happened since then. */
export async function recentThreads(db: Queryable, team: string, since: Date): Promise<RecentThread[]> {
  const { rows } = await db.query<RecentThread>(
    'select channel, thread_ts as "threadTs" from session where team = $1 and changed_at > $2 order by changed_at desc',
    [team, since],
  );
  return rows;
}

/** One-to-one DMs in which somebody wrote to us since then. */
export async function recentDms(db: Queryable, team: string, since: Date): Promise<string[]> {
  const { rows } = await db.query<{ channel: string }>(
    "select distinct channel from inbox where team = $1 and address = 'dm' and received_at > $2",
    [team, since],
  );
  return rows.map((row) => row.channel);
}
