import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** How long, and how much, is read and thrown away after a last answer. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 1024 * 1024;
/** The same for the rest of a request: many clients look for the answer only when all of an upload is written. */
const REQUEST_LINGER_MS = 2_000;
const REQUEST_LINGER_BYTES = 16 * 1024 * 1024;

/**
 * Closes after a last answer so that it arrives: a connection closed over unread bytes is reset, and the reset can
 * overtake the answer (RFC 9112 9.6). What still comes is read and thrown away, a little of it and for a moment.
 */
export function endLingering(socket: Duplex, lastBytes: Buffer, holdMs: number): void {
  let timer: NodeJS.Timeout;
  const end = () => {
    timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('end', () => socket.destroy());
    socket.end(lastBytes);
  };
  socket.once('close', () => clearTimeout(timer));
  discardInput(socket);
  if (holdMs === 0) end();
  else timer = setTimeout(end, holdMs);
}

/** Closes without an answer, which is kept back all the same. */
export function endHeld(socket: Duplex, holdMs: number): void {
  if (holdMs === 0) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), holdMs);
  socket.once('close', () => clearTimeout(timer));
}

/** Nobody understands any more what still comes on a connection. A little of it is read and thrown away. */
export function discardInput(socket: Duplex): void {
  // A first listener takes the bytes from Node's parser; then the parser's own is taken off.
  socket.on('data', () => {});
  socket.removeAllListeners('data');
  let left = LINGER_BYTES;
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) socket.destroy();
  });
  socket.resume();
  // Where the parser had stopped reading, nobody would begin again: an empty piece says that the stream waits for one.
  socket.push('');
}

/** Ends an answer whose request is still being read, later: all of it is written, and the rest of the request is read first. */
export function endResponseLingering(response: ServerResponse): void {
  const request = response.req;
  let left = REQUEST_LINGER_BYTES;
  const end = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(end, REQUEST_LINGER_MS);
  response.shouldKeepAlive = false;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) end();
  });
  request.once('end', end);
  request.once('close', end);
  request.resume();
}
