/** A frame of what the starter says to one order. */
export type StarterFrame =
  | { readonly kind: 'data'; readonly bytes: Buffer }
  | { readonly kind: 'json'; readonly value: Readonly<Record<string, unknown>> };

/** On the wire there is also a mark, by which a starter that takes several orders ends each. */
export type StreamFrame = StarterFrame | { readonly kind: 'end' };

const KINDS = 'OJE';

/** No frame of the starter is longer. The starter did not write a longer one. */
const MAX_FRAME = 64 * 1024;

/**
 * Takes the engine's stream of an exec apart (Engine API, "Attach to a container, stream format"): eight bytes of header, the
 * first being the stream (1 stdout, 2 stderr), the last four the length. Yields stdout; stderr goes to `onStderr`.
 * The client library's own demultiplexer writes without waiting for the reader.
 */
export async function* stdoutOf(
  stream: AsyncIterable<Buffer>,
  onStderr: (bytes: Buffer) => void,
): AsyncGenerator<Buffer, void> {
  const reader = createByteReader(stream);
  for (;;) {
    const header = await reader.exactly(8);
    if (!header) return;
    let left = header.readUInt32BE(4);
    while (left > 0) {
      const bytes = await reader.some(left);
      if (!bytes) return;
      left -= bytes.length;
      if (header[0] === 2) onStderr(bytes);
      else yield bytes;
    }
  }
}

/**
 * Takes apart what the starter says (docker/image/starter/starter.h): a byte of kind, four of length, then the bytes.
 * @throws Error when it is not a starter that speaks, or the stream ends inside a frame
 */
export async function* starterFrames(stdout: AsyncIterable<Buffer>): AsyncGenerator<StreamFrame, void> {
  const reader = createByteReader(stdout);
  for (;;) {
    const header = await reader.exactly(5);
    if (!header) return;
    const length = header.readUInt32BE(1);
    const kind = String.fromCharCode(header[0] ?? 0);
    if (length > MAX_FRAME || !KINDS.includes(kind)) throw await notAFrame(header, reader);
    const bytes = await reader.exactly(length);
    if (!bytes && length > 0) throw new Error('the stream ended inside a frame');
    if (kind === 'O') yield { kind: 'data', bytes: bytes ?? Buffer.alloc(0) };
    else if (kind === 'E') yield { kind: 'end' };
    else yield { kind: 'json', value: JSON.parse((bytes ?? '{}').toString()) as Record<string, unknown> };
  }
}

/** The engine says on the same stream why it could not run a program. */
async function notAFrame(header: Buffer, reader: ByteReader): Promise<Error> {
  let said = header;
  while (said.length < 300) {
    const more = await reader.some(300 - said.length).catch(() => null);
    if (!more) break;
    said = Buffer.concat([said, more]);
  }
  const words = said
    .toString('latin1')
    .replace(/[^ -~]+/g, ' ')
    .trim();
  return new Error(`not an answer of the starter: ${words}`);
}

/** A stream that is sent to the starter: pieces of four bytes of length and their bytes, ended by a length of zero. */
export async function* pieces(content: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; at += MAX_FRAME) yield withLength(chunk.subarray(at, at + MAX_FRAME));
  }
  yield Buffer.alloc(4);
}

/** An order for a starter that stays (docker/image/starter/serve.c): the arguments, each ended by a zero byte. */
export function orderOf(args: readonly string[]): Buffer {
  return withLength(Buffer.from(args.map((arg) => `${arg}\0`).join('')));
}

/** The bytes with their length before them. */
function withLength(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(bytes.length);
  return Buffer.concat([head, bytes]);
}

/** Reads exact lengths from a stream of chunks. It pulls no more than it needs, so the stream feels the backpressure. */
interface ByteReader {
  /** Exactly `length` bytes, or null when the stream ended before the first of them. Throws when it ended in between. */
  exactly(length: number): Promise<Buffer | null>;
  /** What is there, at most `length` bytes; null at the end. */
  some(length: number): Promise<Buffer | null>;
}

function createByteReader(chunks: AsyncIterable<Buffer>): ByteReader {
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
