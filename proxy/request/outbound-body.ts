import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import type { Exchange } from '../events/exchange.ts';
import { Refusal } from '../refusal.ts';

/**
 * The body of a request as a separate stream that counts bytes and times pauses. Destroying the request itself would
 * end the sandbox's connection before its answer; destroying this stream does not. When the body breaks off, the
 * outgoing request breaks off too, so that the host never takes half a body for a whole one.
 *
 * @param silenceMs how long the client may pause. Then the stream fails with Refusal `body_timeout`.
 */
export function outboundBody(request: IncomingMessage, exchange: Exchange, silenceMs: number): Transform {
  const body = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      exchange.bytesOut += chunk.length;
      idle.refresh();
      done(null, chunk);
    },
    destroy(error, done) {
      clearTimeout(idle);
      request.off('close', onClose);
      // `unpipe` pauses the request. It runs before the caller continues, which may want to resume the request.
      request.unpipe(body);
      done(error);
    },
  });
  const idle = setTimeout(() => {
    // The client is waiting for the host to read. The pool's own timeout covers a silent host.
    if (body.writableNeedDrain) idle.refresh();
    else body.destroy(new Refusal('body_timeout', 'The body of the request stopped coming.'));
  }, silenceMs);
  const onClose = () => {
    if (!request.complete) body.destroy(new Error('the client broke off'));
  };
  request.once('close', onClose);
  body.on('error', () => {});
  request.pipe(body);
  return body;
}
