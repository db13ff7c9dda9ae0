import type { Listen } from '../access/document.ts';
import { type SessionId, threadOf } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/** Whose words reach the agent in a thread without a mention. `direct`: in a direct message everything does. */
export type Heard = Listen | 'direct';

/**
 * How the agent listens in a thread: as its last turn was told, and to mentions only while it is muted, or where no turn has begun. What holds
 * in a transaction that ends a turn is read by it, so that the policy is not asked for once more.
 */
export async function howHeard(db: Queryable, session: SessionId): Promise<Heard> {
  if (threadOf(session).channel.startsWith('D')) return 'direct';
  const { rows } = await db.query<{ listen: Listen }>(
    `select case when session.muted_by is not null then 'mentions' else coalesce(began.access ->> 'listen', 'everyone') end as listen
     from session join lateral (select access from access_snapshot where access_snapshot.session = session.id
       order by turn desc limit 1) began on true
     where session.id = $1`,
    [session],
  );
  return rows[0]?.listen ?? 'mentions';
}
