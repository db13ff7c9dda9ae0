import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** How long, and how much, is read and thrown away after a last answer. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 1024 * 1024;

/**
 * Closes after a last answer so that it arrives: a connection closed over unread bytes is reset, and the reset can
 * overtake the answer (RFC 9112 9.6). What still comes is read and thrown away, a little of it and for a moment.
 */
export function endLingering(socket: Duplex, lastBytes: Buffer): void {
  // A first listener takes the bytes from Node's parser; then the parser's own is taken off.
  socket.on('data', () => {});
  socket.removeAllListeners('data');
  let left = LINGER_BYTES;
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) socket.destroy();
  });
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(timer));
  socket.end(lastBytes);
  socket.resume();
}

/** The same for an answer whose request is still being read: all of it is written at once, its end comes later. */
export function endResponseLingering(response: ServerResponse, body: string): void {
  const request = response.req;
  let left = LINGER_BYTES;
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, LINGER_MS);
  response.shouldKeepAlive = false;
  response.write(body);
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  request.once('end', end);
  request.once('close', end);
  request.resume();
}
