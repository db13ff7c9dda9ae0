/** Messages that a session has posted, and that are taken out of Slack because a person asks for it. */
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import { type GoneBody, TAKEN_OUT } from './outbox.ts';
import { storableJson } from './storable.ts';

/** Where a message stands in Slack. */
export interface PostedAt {
  readonly channel: string;
  readonly ts: string;
}

export interface Removal {
  /** The session that posted them. */
  readonly session: SessionId;
  /** The call that removes them. A repeated one finds what it has removed. */
  readonly by: string;
  /** What stands in their place where Slack lets nobody delete. */
  readonly words: string;
}

/** More messages than one answer ever has. */
const MOST_PARTS = 20;

/** The parts of a long answer have its key and `#2`, `#3`, …, and go together. */
function partsOf(key: string): string[] {
  return [key, ...Array.from({ length: MOST_PARTS - 1 }, (_, n) => `${key}#${n + 2}`)];
}

/**
 * The key of the message to remove: the one at `at`, or the newest answer in the session's thread. Null when the session has posted none
 * there. A key belongs to the session whose id it begins with, so a post in another channel counts too. No answer is written while the turn
 * runs that asks, and one that still waits for Slack counts. Therefore what a first attempt has removed is still the newest for the second.
 */
export async function ownPost(
  db: Queryable,
  { session, by }: Pick<Removal, 'session' | 'by'>,
  at: PostedAt | null,
): Promise<string | null> {
  const { rows } =
    at === null
      ? await db.query<{ key: string }>(
          `select key from outbox
           where session = $1 and kind = 'message' and starts_with(key, $1 || '/')
             and (body ->> 'by' = $2 or (final and body ->> 'kind' = 'answer'))
           order by id desc limit 1`,
          [session, by],
        )
      : await db.query<{ key: string }>(
          `select key from outbox
           where slack_ts = $1 and kind <> 'reaction' and kind = 'message' and channel = $2 and starts_with(key, $3 || '/')
             and (body ->> 'by' = $4 or (final and body ->> 'kind' = 'answer'))`,
          [at.ts, at.channel, session, by],
        );
  return rows[0]?.key.replace(/#\d+$/, '') ?? null;
}

/**
 * Takes a message with all its parts out of Slack, in the caller's transaction. A part may be on its way:
 * 1. A sender has posted a part, and is about to write the row of the next one, in one transaction with the note that it was posted.
 * 2. This waits for that transaction, by the lock of the part's row, and then sees the next part.
 * 3. When this gets the lock first, the sender's note waits. After it the sender sees that the part is gone, and writes no next one.
 * Therefore no part comes after the removal.
 */
export async function removePost(db: Queryable, key: string, { by, words }: Removal): Promise<void> {
  const body: GoneBody = { kind: 'gone', words, by };
  const parts = partsOf(key);
  const remove = async (): Promise<number> => {
    await db.query('select from outbox where key = any($1) order by id for update', [parts]);
    const { rowCount } = await db.query(
      `update outbox
       set body = $2, ${TAKEN_OUT}
       where key = any($1) and kind = 'message' and body ->> 'kind' <> 'gone'`,
      [parts, storableJson(body)],
    );
    return rowCount ?? 0;
  };
  while ((await remove()) > 0);
  db.wake('bellhop_outbox');
}

/** Whether a sender may still add something to this message. It takes the lock of its row. */
export async function isWanted(db: Queryable, id: string): Promise<boolean> {
  const { rows } = await db.query<{ wanted: boolean }>(
    "select body ->> 'kind' <> 'gone' as wanted from outbox where id = $1 for update",
    [id],
  );
  return rows[0]?.wanted ?? false;
}

/**
 * What has become of the removal: how many messages are gone, how many still wait for Slack, how many Slack keeps with other words, and the
 * code with which Slack has refused even that.
 */
export async function removalOf(
  db: Queryable,
  key: string,
): Promise<{
  readonly gone: number;
  readonly waiting: number;
  readonly kept: number;
  readonly refused: string | null;
}> {
  const { rows } = await db.query<{ gone: number; waiting: number; kept: number; refused: string | null }>(
    `select count(*) filter (where body ->> 'kind' = 'gone' and sent_revision >= revision)::int as gone,
       count(*) filter (where sent_revision < revision and failed is null)::int as waiting,
       count(*) filter (where body ->> 'kind' <> 'gone' and failed is null)::int as kept,
       max(failed) as refused
     from outbox where key = any($1)`,
    [partsOf(key)],
  );
  return rows[0] ?? { gone: 0, waiting: 0, kept: 0, refused: null };
}
