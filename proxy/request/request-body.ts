import type { ServerResponse } from 'node:http';
import { type BodyPart, type PeekOptions, peekBody } from './bounded-body.ts';

/** The body of a request before it is sent. A client that waits for "100 Continue" is told to go on at the first read. */
export interface RequestBody {
  /**
   * Reads the beginning, and puts it back unless it is the whole body (bounded-body.ts).
   * @throws Refusal also `too_many_requests` when there is no memory for it now
   */
  peek(options: Omit<PeekOptions, 'silenceMs'>): Promise<BodyPart>;
  /** The whole body, if it is at most `maxBytes` long. Otherwise it can still be streamed. @throws Refusal as `peek` */
  whole(maxBytes: number): Promise<Buffer | 'too-large'>;
  /**
   * Sets memory aside for something that is made of the body and kept until the request is over. The
   * returned function corrects the amount. @throws Refusal `too_many_requests` when there is no memory for it now
   */
  setAside(maxBytes: number): (neededBytes: number) => void;
  /** Reads and throws away what comes, up to a limit, because many clients read an answer only after their upload. */
  discard(maxBytes: number): Promise<void>;
  /** Tells a client that waits for it to send its body. Call it before the body is streamed. */
  goOn(): void;
}

export interface RequestBodyOptions {
  /** Whether the client waits for "100 Continue". */
  readonly waits: boolean;
  /** How long the client may pause. */
  readonly silenceMs: number;
  /** Sets memory aside. Returns what gives it back. */
  readonly reserve: (bytes: number) => () => void;
}

/** What was read of the body is in memory until the request is over. */
export function createRequestBody(response: ServerResponse, options: RequestBodyOptions): RequestBody {
  const { silenceMs, reserve } = options;
  const request = response.req;
  let { waits } = options;
  const goOn = () => {
    if (waits) response.writeContinue();
    waits = false;
  };
  /** A response that is closed tells nobody to give memory back any more, so nothing is set aside for it. */
  const reserveWhileOpen = (bytes: number) => (response.closed ? () => {} : reserve(bytes));
  const setAside: RequestBody['setAside'] = (maxBytes) => {
    let release = reserveWhileOpen(maxBytes);
    response.once('close', () => release());
    return (neededBytes) => {
      release();
      release = reserveWhileOpen(neededBytes);
    };
  };
  const peek: RequestBody['peek'] = async (wanted) => {
    const needs = setAside(wanted.maxBytes);
    goOn();
    const part = await peekBody(request, { ...wanted, silenceMs });
    needs(part.bytes.length);
    return part;
  };
  return {
    goOn,
    peek,
    setAside,
    async whole(maxBytes) {
      // One byte more than the limit shows that there is more.
      const { bytes, isWhole } = await peek({ maxBytes: maxBytes + 1 });
      return isWhole && bytes.length <= maxBytes ? bytes : 'too-large';
    },
    discard(maxBytes) {
      goOn();
      return new Promise((resolve) => {
        let left = maxBytes;
        const done = () => {
          clearTimeout(timer);
          request.off('data', onData);
          request.off('end', done);
          request.off('close', done);
          resolve();
        };
        const onData = (chunk: Buffer) => {
          timer.refresh();
          left -= chunk.length;
          if (left < 0) done();
        };
        const timer = setTimeout(done, silenceMs);
        if (request.readableEnded || request.destroyed) {
          done();
          return;
        }
        request.on('data', onData);
        request.once('end', done);
        request.once('close', done);
        request.resume();
      });
    },
  };
}
