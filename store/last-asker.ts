import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/** The newest message of a person in a thread that the agent received, and its author. */
export interface Asker {
  readonly inboxId: string;
  readonly author: string;
  readonly ts: string;
}

/** The person to tell when Slack refuses posts in a thread. Null when no person has asked there. */
export async function lastAsker(db: Queryable, session: SessionId): Promise<Asker | null> {
  const { rows } = await db.query<Asker>(
    `select id as "inboxId", author, ts from inbox
     where session = $1 and kind = 'message' and author_class <> 'bot' and state in ('delivered', 'answered', 'refused')
     order by id desc limit 1`,
    [session],
  );
  return rows[0] ?? null;
}
