import { createHash } from 'node:crypto';
import type { Queryable } from './database.ts';

export type FileDirection = 'in' | 'out';

export interface StoredFile {
  readonly id: string;
  readonly session: string;
  readonly name: string;
  readonly bytes: Buffer;
}

export interface NewFile {
  readonly session: string;
  readonly name: string;
  readonly bytes: Buffer;
  readonly direction: FileDirection;
  /** Names the file where it comes from: a second try stores nothing new. */
  readonly origin: string;
}

/** Returns the id of the row, which follows from session and origin. */
export async function saveFile(db: Queryable, file: NewFile): Promise<string> {
  const hash = createHash('sha256').update(`${file.session}\n${file.direction}\n${file.origin}`).digest('hex');
  const id = [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join(
    '-',
  );
  await db.query(
    'insert into file (id, session, name, bytes, direction) values ($1, $2, $3, $4, $5) on conflict (id) do nothing',
    [id, file.session, file.name, file.bytes, file.direction],
  );
  return id;
}

/** With its bytes; null when there is none. */
export async function getFile(db: Queryable, id: string): Promise<StoredFile | null> {
  const { rows } = await db.query<StoredFile>('select id, session, name, bytes from file where id = $1', [id]);
  return rows[0] ?? null;
}
