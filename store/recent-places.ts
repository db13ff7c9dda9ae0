import type { Queryable } from './database.ts';

export interface RecentThread {
  readonly channel: string;
  readonly threadTs: string;
  /** When its session was last active. */
  readonly activeAt: Date;
}

/** Threads whose sessions were active since then, the most recent first. */
export async function recentThreads(db: Queryable, team: string, since: Date): Promise<RecentThread[]> {
  const { rows } = await db.query<RecentThread>(
    `select channel, thread_ts as "threadTs", changed_at as "activeAt" from session
     where team = $1 and changed_at > $2 order by changed_at desc`,
    [team, since],
  );
  return rows;
}

/** One-to-one DMs with a message to the agent since then, and the time of the last one. */
export async function recentDms(
  db: Queryable,
  team: string,
  since: Date,
): Promise<{ readonly channel: string; readonly activeAt: Date }[]> {
  const { rows } = await db.query<{ channel: string; activeAt: Date }>(
    `select channel, max(received_at) as "activeAt" from inbox
     where team = $1 and address = 'dm' and received_at > $2 group by channel`,
    [team, since],
  );
  return rows;
}
