import { Readable } from 'node:stream';
import type { Exchange } from '../events/exchange.ts';

/** The body of a request, for more than one attempt to send it. */
export interface RepeatableBody {
  /** The whole body from its beginning. The stream of an earlier attempt is destroyed. */
  stream(): Readable;
  /** Whether everything that was read of it is still kept. */
  canRepeat(): boolean;
  /** No further attempt will be made, so nothing is kept any longer. */
  settle(): void;
  /** Ends it, also when more is coming. */
  destroy(): void;
}

/** How much of a body is kept until its request is answered. */
export const KEPT_BODY_BYTES = 64 * 1024;

/**
 * Keeps the beginning of a body while it is sent. A body that is longer cannot be repeated once more than that was read.
 *
 * @param source is read only as fast as the current attempt takes the data
 * @param keepBytes 0 for a request that is never repeated
 */
export function repeatableBody(source: Readable, keepBytes: number): RepeatableBody {
  let kept: Buffer[] | null = [];
  let room = keepBytes;
  let current: Readable | null = null;
  let ended = false;

  // Paused first, so that adding a 'data' listener does not begin to read.
  source.pause();
  source.on('data', (chunk: Buffer) => {
    room -= chunk.length;
    if (room < 0) kept = null;
    else kept?.push(chunk);
    if (!current?.push(chunk)) source.pause();
  });
  source.once('end', () => {
    ended = true;
    current?.push(null);
  });
  source.on('error', (error) => current?.destroy(error));

  return {
    stream() {
      current?.destroy();
      const stream = new Readable({
        read: () => void source.resume(),
        destroy(error, done) {
          if (stream === current) source.pause();
          done(error);
        },
      });
      // Whoever sends the stream sees its error. Nobody else needs to.
      stream.on('error', () => {});
      current = stream;
      for (const chunk of kept ?? []) stream.push(chunk);
      if (source.errored) stream.destroy(source.errored);
      else if (ended) stream.push(null);
      return stream;
    },
    canRepeat: () => kept !== null && !source.errored,
    settle() {
      kept = null;
    },
    destroy() {
      current?.destroy();
      source.destroy();
    },
  };
}

/** A body that was read before the request is sent. Its bytes are counted with each attempt. */
export function wholeBody(bytes: Buffer, exchange: Pick<Exchange, 'bytesOut'>): RepeatableBody {
  return {
    stream() {
      exchange.bytesOut += bytes.length;
      return Readable.from([bytes], { objectMode: false });
    },
    canRepeat: () => true,
    settle() {},
    destroy() {},
  };
}
