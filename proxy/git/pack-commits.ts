import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { applyDelta } from './pack-delta.ts';

/** The commits found at the beginning of a pack: the parents of each, by its id. */
export interface PackCommits {
  readonly parents: ReadonlyMap<string, readonly string[]>;
  /** False when more bytes of the pack cannot add anything: it is at its end, at a limit, or cannot be read. */
  readonly mayGrow: boolean;
}

/** What may be inflated of one pack. Commits are small, and git writes them first. */
const MAX_OBJECTS = 5_000;
const MAX_OBJECT_BYTES = 1024 * 1024;
const MAX_INFLATED_BYTES = 4 * 1024 * 1024;

/** Tree, parents, author, signatures of a commit. The message follows. Parents that begin later are not known. */
const MAX_HEAD_BYTES = 64 * 1024;

const COMMIT = 1;
const OFFSET_DELTA = 6;
const ID_DELTA = 7;

/**
 * Reads commits from the beginning of a pack (gitformat-pack). The id of a commit is computed from its content. So
 * nothing in the pack can claim a parent for a commit that it does not have, whoever made the pack.
 *
 * @param bytes the pack so far
 * @param hash the hash of the repository's ids
 */
export function readPackCommits(bytes: Buffer, hash: 'sha1' | 'sha256'): PackCommits {
  const parents = new Map<string, readonly string[]>();
  const byOffset = new Map<number, Buffer>();
  const byId = new Map<string, Buffer>();
  const found = (mayGrow: boolean): PackCommits => ({ parents, mayGrow });
  if (bytes.length < 12) return found(true);
  const version = bytes.readUInt32BE(4);
  if (bytes.toString('latin1', 0, 4) !== 'PACK' || (version !== 2 && version !== 3)) return found(false);
  const count = Math.min(bytes.readUInt32BE(8), MAX_OBJECTS);
  let offset = 12;
  let inflated = 0;

  for (let index = 0; index < count; index += 1) {
    const header = readHeader(bytes, offset, hash);
    if (header === 'incomplete') return found(true);
    inflated += header.size;
    if (header.size > MAX_OBJECT_BYTES || inflated > MAX_INFLATED_BYTES) return found(false);
    const object = inflateAt(bytes, header.dataAt, header.size);
    if (object === 'incomplete') return found(true);
    if (object === 'broken') return found(false);

    const base =
      header.base === null ? null : typeof header.base === 'number' ? byOffset.get(header.base) : byId.get(header.base);
    const content = header.type === COMMIT ? object.content : base ? applyDelta(base, object.content) : null;
    if (content !== null && header.type !== COMMIT) {
      // A few bytes of a delta can copy the whole of its base.
      inflated += content.length;
      if (inflated > MAX_INFLATED_BYTES) return found(false);
    }
    if (content !== null) {
      const id = createHash(hash).update(`commit ${content.length}\0`).update(content).digest('hex');
      byOffset.set(offset, content);
      byId.set(id, content);
      parents.set(id, parentsOf(content));
    }
    offset = object.end;
  }
  return found(false);
}

interface ObjectHeader {
  readonly type: number;
  readonly size: number;
  /** For a delta: the offset of its base in this pack, or the id of its base. */
  readonly base: number | string | null;
  readonly dataAt: number;
}

function readHeader(bytes: Buffer, start: number, hash: 'sha1' | 'sha256'): ObjectHeader | 'incomplete' {
  let at = start;
  let byte = bytes[at++];
  if (byte === undefined) return 'incomplete';
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let shift = 4; byte & 0x80; shift += 7) {
    byte = bytes[at++];
    if (byte === undefined) return 'incomplete';
    // Larger than any limit. A shift beyond 31 would wrap around.
    size = shift > 24 ? Number.POSITIVE_INFINITY : size + ((byte & 0x7f) << shift);
  }
  if (type === OFFSET_DELTA) {
    byte = bytes[at++];
    if (byte === undefined) return 'incomplete';
    let distance = byte & 0x7f;
    while (byte & 0x80) {
      byte = bytes[at++];
      if (byte === undefined) return 'incomplete';
      distance = (distance + 1) * 128 + (byte & 0x7f);
    }
    return { type, size, base: start - distance, dataAt: at };
  }
  if (type === ID_DELTA) {
    const length = hash === 'sha1' ? 20 : 32;
    if (bytes.length < at + length) return 'incomplete';
    return { type, size, base: bytes.toString('hex', at, at + length), dataAt: at + length };
  }
  return { type, size, base: null, dataAt: at };
}

function inflateAt(
  bytes: Buffer,
  start: number,
  size: number,
): { content: Buffer; end: number } | 'incomplete' | 'broken' {
  try {
    const { buffer, engine } = inflateSync(bytes.subarray(start), {
      info: true,
      maxOutputLength: Math.max(size, 1),
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    return buffer.length === size ? { content: buffer, end: start + engine.bytesWritten } : 'broken';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR' ? 'incomplete' : 'broken';
  }
}

function parentsOf(commit: Buffer): string[] {
  const [head = ''] = commit.toString('latin1', 0, MAX_HEAD_BYTES).split('\n\n', 1);
  const lines = head.split('\n');
  const parents: string[] = [];
  if (!/^tree [0-9a-f]+$/.test(lines[0] ?? '')) return [];
  for (const line of lines.slice(1)) {
    const parent = /^parent ([0-9a-f]{40}|[0-9a-f]{64})$/.exec(line)?.[1];
    // Parents stand in one block directly after the tree.
    if (!parent) break;
    parents.push(parent);
  }
  return parents;
}
