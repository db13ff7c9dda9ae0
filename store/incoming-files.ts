import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';
import type { StoredFile } from './files.ts';

/** Files that people attached and that are not yet in the workspace of this sandbox. */
export async function filesToPlace(db: Queryable, session: SessionId, sandbox: string): Promise<StoredFile[]> {
  const { rows } = await db.query<StoredFile>(
    `select id, session, name, bytes from file
     where session = $1 and direction = 'in' and placed_in is distinct from $2 order by at`,
    [session, sandbox],
  );
  return rows;
}

export async function markPlaced(db: Queryable, id: string, sandbox: string): Promise<void> {
  await db.query('update file set placed_in = $2 where id = $1', [id, sandbox]);
}
