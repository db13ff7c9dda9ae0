/**
 * Posts for whose outcome a tool waits. A refusal is told once: by the tool while it waits, and by the sender after that.
 *
 * 1. The sender notes the refusal, which locks the row, and sees in the same transaction that an attempt waits.
 * 2. At that moment the attempt stops waiting. Its write waits for the lock, finds the refusal, and changes nothing.
 * 3. The attempt reads the refusal and tells of it. In the other order the sender sees that nobody waits any more.
 *
 * Therefore exactly one of the two tells of it. Where the attempt dies, the sender tells of what is refused after `ms`.
 */
import type { Queryable } from './database.ts';
import { postedMessage } from './outbox.ts';

/** @param attempt names one attempt, so that an older one that wakes up late ends nobody else's wait */
export async function awaitPost(db: Queryable, key: string, attempt: string, ms: number): Promise<void> {
  await db.query(
    "update outbox set awaited_by = $2, awaited_until = now() + $3 * interval '1 millisecond' where key = $1",
    [key, attempt, ms],
  );
}

/** Ends the wait of an attempt, and says what became of the post until now. */
export async function stopAwaiting(db: Queryable, key: string, attempt: string): ReturnType<typeof postedMessage> {
  await db.query(
    'update outbox set awaited_by = null, awaited_until = null where key = $1 and awaited_by = $2 and failed is null',
    [key, attempt],
  );
  return postedMessage(db, key);
}

/** Whether an attempt waits for what becomes of the row. To be asked in the transaction that notes the refusal. */
export async function isAwaited(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from outbox where id = $1 and awaited_until > now()', [id]);
  return rowCount === 1;
}
