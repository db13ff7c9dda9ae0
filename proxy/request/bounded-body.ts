import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';

/** What has been read of a body. */
export interface BodyPart {
  readonly bytes: Buffer;
  /** Whether this is the whole body. */
  readonly isWhole: boolean;
}

export interface PeekOptions {
  /** Reading stops once this many bytes are there. */
  readonly maxBytes: number;
  /** How long the client may pause. */
  readonly silenceMs: number;
  /**
   * Asked at the first piece, and again whenever the part has doubled and grown by 4 KiB, so that a body in many
   * tiny pieces costs little. Reading stops when it returns true. Without it, reading stops at the limit or the end.
   */
  readonly isEnough?: (part: BodyPart) => boolean;
}

const ASK_AGAIN_BYTES = 4 * 1024;

/**
 * Reads the beginning of a request's body before anything of the request is sent. If the body goes on, the bytes are put
 * back, so that the body can still be streamed from its first byte. A whole body is consumed: send `bytes` instead.
 *
 * Call `response.writeContinue()` first if the client waits for it. At most one reader at a time.
 *
 * @throws Refusal `body_timeout` when the client pauses too long, `bad_request` when it breaks off
 */
export async function peekBody(request: IncomingMessage, options: PeekOptions): Promise<BodyPart> {
  const { maxBytes, silenceMs, isEnough = () => false } = options;
  let chunks: Buffer[] = [];
  let size = 0;
  let askAt = 0;
  const isWhole = await new Promise<boolean>((resolve, reject) => {
    const stop = (end: () => void) => {
      clearTimeout(timer);
      request.pause();
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('close', onClose);
      end();
    };
    const timer = setTimeout(() => {
      stop(() => reject(new Refusal('body_timeout', 'The body of the request stopped coming.')));
    }, silenceMs);
    /**
     * The body goes on. Its bytes are put back before this returns: Node emits `end` soon after the last byte was read, and
     * takes nothing back after that. Bytes that are put back in time make it wait until they were read again.
     */
    const putBack = () => {
      stop(() => {
        if (size > 0) request.unshift(Buffer.concat(chunks));
        resolve(false);
      });
    };
    const onData = (chunk: Buffer) => {
      timer.refresh();
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxBytes) putBack();
      else if (size >= askAt) {
        askAt = size + Math.max(ASK_AGAIN_BYTES, size);
        chunks = [Buffer.concat(chunks)];
        if (isEnough({ bytes: chunks[0] as Buffer, isWhole: false })) putBack();
      }
    };
    const onEnd = () => stop(() => resolve(true));
    const onClose = () => stop(() => reject(new Refusal('bad_request', 'The client broke off.')));
    if (request.readableEnded) {
      stop(() => resolve(true));
      return;
    }
    if (request.destroyed) {
      onClose();
      return;
    }
    request.on('data', onData);
    request.once('end', onEnd);
    request.once('close', onClose);
    request.resume();
  });
  return { bytes: Buffer.concat(chunks), isWhole };
}

/**
 * The whole body, if it is at most `maxBytes` long. After `too-large` the body can still be streamed from its beginning.
 *
 * @throws Refusal as {@link peekBody} does
 */
export async function readBounded(
  request: IncomingMessage,
  maxBytes: number,
  silenceMs: number,
): Promise<Buffer | 'too-large'> {
  // One byte more than the limit shows that there is more.
  const { bytes, isWhole } = await peekBody(request, { maxBytes: maxBytes + 1, silenceMs });
  return isWhole && bytes.length <= maxBytes ? bytes : 'too-large';
}
