import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import type { Exchange } from '../events/exchange.ts';
import { Refusal } from '../refusal.ts';

/**
 * The body of a request as a stream of its own: counted, timed, and safe to destroy, which on the request itself would
 * take the sandbox's connection along before it had its answer. A body that breaks off breaks the outgoing one off
 * too: never does half a body look whole.
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
      // At once: it pauses the request, which whoever destroys this may want to read on.
      request.unpipe(body);
      done(error);
    },
  });
  const idle = setTimeout(() => {
    // The host takes nothing: that is its silence, and timed as such.
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
