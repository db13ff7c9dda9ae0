import { LRUCache } from 'lru-cache';
import type { SessionId } from '../../contracts/ids.ts';
import type { Queryable } from '../../store/database.ts';
import { readTranscript, readTranscriptFrom, type TranscriptRow } from '../../store/transcript.ts';

/**
 * The rows of a model call's context, without reading all of them for every step of a turn. A process that made the last
 * call of a session reads only what was added since.
 */
export interface TranscriptCache {
  /** What `readTranscript` returns at this moment. */
  read(db: Queryable, session: SessionId): Promise<readonly TranscriptRow[]>;
}

/** All sessions together, as an estimate of their text in bytes. */
const LARGEST_BYTES = 64 * 1024 * 1024;
/** A turn that makes no call for this long has ended, or waits for a long command. */
const KEPT_MS = 5 * 60_000;
const BYTES_PER_TOKEN = 4;
const BYTES_PER_ROW = 300;

/**
 * Rows are only ever added, in the order of `seq`, because every writer holds the session's lock. So the newest row that
 * is known, read again, proves that all before it are still the same.
 */
export function createTranscriptCache(): TranscriptCache {
  const cache = new LRUCache<SessionId, readonly TranscriptRow[]>({
    maxSize: LARGEST_BYTES,
    sizeCalculation: (rows) => rows.reduce((sum, row) => sum + row.tokens * BYTES_PER_TOKEN + BYTES_PER_ROW, 1),
    ttl: KEPT_MS,
  });

  async function readAll(db: Queryable, session: SessionId): Promise<readonly TranscriptRow[]> {
    const rows = await readTranscript(db, session);
    cache.set(session, rows);
    return rows;
  }

  return {
    async read(db, session) {
      const known = cache.get(session);
      const last = newest(known);
      if (!known || last === undefined) return readAll(db, session);
      const [same, ...added] = await readTranscriptFrom(db, session, last);
      // A summary takes the place of older rows; a restored database may not have the row any more.
      if (same?.seq !== last || added.some(({ role }) => role === 'summary')) return readAll(db, session);
      const rows = added.length === 0 ? known : [...known, ...added];
      cache.set(session, rows);
      return rows;
    },
  };
}

/** A summary stands first and may be newer than the rows after it. */
function newest(rows: readonly TranscriptRow[] | undefined): string | undefined {
  const first = rows?.[0]?.seq;
  const last = rows?.at(-1)?.seq;
  if (first === undefined || last === undefined) return undefined;
  return BigInt(first) > BigInt(last) ? first : last;
}
