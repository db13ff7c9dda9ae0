/** Reads exact lengths from a stream of chunks, pulling no more than it needs: the stream feels the backpressure. */
export interface ByteReader {
  /** Exactly `length` bytes, or null when the stream ended before the first of them. Throws when it ended in between. */
  exactly(length: number): Promise<Buffer | null>;
  /** What is there, at most `length` bytes; null at the end. */
  some(length: number): Promise<Buffer | null>;
}

/** @param chunks read only as far as somebody asks */
export function createByteReader(chunks: AsyncIterable<Buffer>): ByteReader {
  const source = chunks[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);

  async function pull(): Promise<boolean> {
    const next = await source.next();
    if (next.done) return false;
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
    return true;
  }

  function take(length: number): Buffer {
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  }

  return {
    async exactly(length) {
      while (held.length < length) {
        if (await pull()) continue;
        if (held.length === 0) return null;
        throw new Error(`the stream ended after ${held.length} of ${length} bytes`);
      }
      return take(length);
    },
    async some(length) {
      while (held.length === 0) if (!(await pull())) return null;
      return take(length);
    },
  };
}
