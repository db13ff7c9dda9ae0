import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/**
 * Notes that a turn has read the messages these files came with. From now on they are placed.
 * @returns those that are still there
 */
export async function markRead(db: Queryable, files: readonly string[], turn: number): Promise<ReadonlySet<string>> {
  if (files.length === 0) return new Set();
  const { rows } = await db.query<{ id: string }>('update file set turn = $2 where id = any($1) returning id', [
    files,
    turn,
  ]);
  return new Set(rows.map(({ id }) => id));
}

/**
 * Attached files that are stored completely and are not yet in the workspace of this sandbox. One whose message no turn has read is not among
 * them: it may be of somebody who is not heard in this session.
 */
export async function filesToPlace(
  db: Queryable,
  session: SessionId,
  sandbox: string,
): Promise<{ id: string; name: string }[]> {
  const { rows } = await db.query<{ id: string; name: string }>(
    `select id, name from file
     where session = $1 and direction = 'in' and size is not null and turn is not null and placed_in is distinct from $2 order by at, id`,
    [session, sandbox],
  );
  return rows;
}

/** Notes that the file is in the workspace of this sandbox. In another sandbox it is placed again. */
export async function markPlaced(db: Queryable, id: string, sandbox: string): Promise<void> {
  await db.query('update file set placed_in = $2 where id = $1', [id, sandbox]);
}
