/** Who speaks to whom in a thread, for what is said there without a mention of the agent. */
import type { Queryable } from './database.ts';
import type { InboxRow } from './inbox.ts';

type Said = Pick<InboxRow, 'session' | 'author' | 'ts'>;

/**
 * When somebody else last tagged the author of this message, in seconds since 1970. Only tags count that came after the author's own
 * last message in the thread, and after `since`. Null when there is none.
 */
export async function taggedAt(db: Queryable, { session, author, ts }: Said, since: number): Promise<number | null> {
  const { rows } = await db.query<{ at: number | null }>(
    `select max(ts::numeric)::float8 as at from inbox
     where session = $1 and kind = 'message' and ts ~ '^\\d+\\.\\d+$' and $2 = any(tags) and author <> $2
       and ts::numeric < $3::numeric and ts::numeric > $4
       and ts::numeric > coalesce((select max(own.ts::numeric) from inbox own
         where own.session = $1 and own.kind = 'message' and own.ts ~ '^\\d+\\.\\d+$' and own.author = $2
           and own.ts::numeric < $3::numeric and own.ts::numeric > $4), 0)`,
    [session, author, ts, since],
  );
  return rows[0]?.at ?? null;
}

/** A question in the scripts of the world. */
const ASKS = '[?\u037e\u061f\u1367\u2e2e\uff1f]';

/**
 * Whether the message directly before this one is a question to its author alone: it is somebody else's, tags them, and asks. One that is
 * older than `since`, in seconds since 1970, is answered by nobody any more.
 */
export async function isAskedBefore(db: Queryable, { session, author, ts }: Said, since: number): Promise<boolean> {
  const { rows } = await db.query<{ asked: boolean }>(
    `select author <> $2 and $2 = any(tags) and text ~ $5 as asked from inbox
     where session = $1 and kind = 'message' and ts ~ '^\\d+\\.\\d+$' and ts::numeric < $3::numeric and ts::numeric > $4
     order by ts::numeric desc limit 1`,
    [session, author, ts, since, ASKS],
  );
  return rows[0]?.asked ?? false;
}

/** Whether somebody has asked the agent for something in this thread before, by mentioning it. */
export async function hasAsked(db: Queryable, { session, author, ts }: Said): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from inbox where session = $1 and kind = 'message' and address = 'mention' and author = $2
       and state in ('received', 'delivered', 'answered') and ts::numeric < $3::numeric
     union all select 1 from turn where session = $1 and requester = $2 limit 1`,
    [session, author, ts],
  );
  return (rowCount ?? 0) > 0;
}
