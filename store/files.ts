import { createHash } from 'node:crypto';
import type { Queryable } from './database.ts';

/** `seen`: what a tool has shown the model. */
export type FileDirection = 'in' | 'out' | 'seen';

export interface StoredFile {
  readonly id: string;
  readonly session: string;
  readonly name: string;
  readonly bytes: Buffer;
}

export interface FileOrigin {
  readonly session: string;
  readonly name: string;
  readonly direction: FileDirection;
  /** Identifies the file at its source, so that a second attempt stores nothing new. */
  readonly origin: string;
}

export interface NewFile extends FileOrigin {
  readonly bytes: Buffer;
}

/** Bytes are stored in pieces of this size, so that neither writer nor reader holds a whole file in memory. */
export const CHUNK_BYTES = 256 * 1024;

/** Stores a file. Returns its id, which is computed from session and origin. */
export async function saveFile(db: Queryable, file: NewFile): Promise<string> {
  const id = fileIdOf(file);
  await db.query(
    `with kept as (
       insert into file (id, session, name, direction, size) values ($1, $2, $3, $4, length($5::bytea))
       on conflict (id) do nothing returning id)
     insert into file_chunk (file, seq, bytes)
     select kept.id, seq, substr($5::bytea, seq * $6 + 1, $6)
     from kept, generate_series(0, (length($5::bytea) - 1) / $6) seq where length($5::bytea) > 0`,
    [id, file.session, file.name, file.direction, file.bytes, CHUNK_BYTES],
  );
  return id;
}

/** The id of a file that was stored completely. Null when it was not. */
export async function findWholeFile(db: Queryable, file: FileOrigin): Promise<string | null> {
  const { rows } = await db.query<{ id: string }>('select id from file where id = $1 and size is not null', [
    fileIdOf(file),
  ]);
  return rows[0]?.id ?? null;
}

/**
 * Stores a file piece by piece as its bytes come. Two attempts at the same file write the same pieces. Therefore either
 * one may end first or die: the file counts as soon as all pieces are there.
 *
 * @param limit bytes
 * @returns the id, or null when there are more bytes than `limit`
 */
export async function streamFile(
  db: Queryable,
  file: FileOrigin,
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<string | null> {
  const id = fileIdOf(file);
  await db.query(
    'insert into file (id, session, name, direction) values ($1, $2, $3, $4) on conflict (id) do nothing',
    [id, file.session, file.name, file.direction],
  );
  let size = 0;
  let seq = 0;
  for await (const piece of inPieces(bytes)) {
    size += piece.length;
    if (size > limit) return null;
    await db.query('insert into file_chunk (file, seq, bytes) values ($1, $2, $3) on conflict (file, seq) do nothing', [
      id,
      seq,
      piece,
    ]);
    seq += 1;
  }
  await db.query('update file set size = $2 where id = $1 and size is null', [id, size]);
  return id;
}

/** A file with its bytes. Null when it is not stored completely. */
export async function getFile(db: Queryable, id: string): Promise<StoredFile | null> {
  const { rows } = await db.query<StoredFile>(
    `select id, session, name,
       coalesce((select string_agg(bytes, ''::bytea order by seq) from file_chunk where file = file.id), '') as bytes
     from file where id = $1 and size is not null`,
    [id],
  );
  return rows[0] ?? null;
}

/** The first bytes of files that are stored completely, by their ids: enough to tell what they are. */
export async function beginningsOf(db: Queryable, ids: readonly string[]): Promise<ReadonlyMap<string, Buffer>> {
  const { rows } = await db.query<{ file: string; head: Buffer }>(
    `select file, substr(bytes, 1, 1024) as head from file_chunk
     where seq = 0 and file = any($1) and exists (select 1 from file f where f.id = file_chunk.file and f.size is not null)`,
    [ids],
  );
  return new Map(rows.map(({ file, head }) => [file, head]));
}

/** Yields the bytes of a complete file piece by piece, to pass them on. */
export async function* readFile(db: Queryable, id: string): AsyncGenerator<Buffer> {
  for (let seq = 0; ; seq += 1) {
    const { rows } = await db.query<{ bytes: Buffer }>('select bytes from file_chunk where file = $1 and seq = $2', [
      id,
      seq,
    ]);
    if (!rows[0]) return;
    yield rows[0].bytes;
  }
}

function fileIdOf({ session, direction, origin }: FileOrigin): string {
  const hash = createHash('sha256').update(`${session}\n${direction}\n${origin}`).digest('hex');
  return [hash.slice(0, 8), hash.slice(8, 12), hash.slice(12, 16), hash.slice(16, 20), hash.slice(20, 32)].join('-');
}

/**
 * Cuts bytes into pieces of `CHUNK_BYTES`. Only the last piece may be shorter. All pieces lie in the same memory: one is
 * overwritten when the next is asked for. A large file would otherwise leave its whole size to the garbage collector.
 */
async function* inPieces(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const piece = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  let size = 0;
  for await (const part of bytes) {
    for (let taken = 0; taken < part.length; ) {
      const room = Math.min(CHUNK_BYTES - size, part.length - taken);
      piece.set(part.subarray(taken, taken + room), size);
      taken += room;
      size += room;
      if (size < CHUNK_BYTES) continue;
      yield piece;
      size = 0;
    }
  }
  if (size > 0) yield piece.subarray(0, size);
}
