import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/** What somebody else wrote in a thread of a person, and that person has confirmed. */
export interface ConfirmedMessage {
  readonly ts: string;
  /** As it was shown to the person. In Slack its author may have changed it since. */
  readonly text: string;
}

/** The newest messages of others that the owner of a session has confirmed. At most 200. */
export async function confirmedMessages(db: Queryable, session: SessionId): Promise<ConfirmedMessage[]> {
  const { rows } = await db.query<ConfirmedMessage>(
    `select ts, text from inbox
     where session = $1 and confirmed_by = (select owner from session where session.id = $1)
     order by id desc limit 200`,
    [session],
  );
  return rows;
}
