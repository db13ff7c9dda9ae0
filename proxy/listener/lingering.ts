import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** How long and how much is read and thrown away after a last answer. */
const LINGER_MS = 1_000;
const LINGER_BYTES = 1024 * 1024;
/** The same for the rest of a request: many clients read the answer only after they have written the whole upload. */
const REQUEST_LINGER_MS = 2_000;
const REQUEST_LINGER_BYTES = 16 * 1024 * 1024;

/**
 * Sends a last answer and closes so that the answer arrives (RFC 9112 9.6):
 * 1. The kernel resets a connection that is closed while it holds unread bytes.
 * 2. The reset can overtake the answer, and the client then never sees the answer.
 * Therefore what still comes is read and thrown away, up to a limit of bytes and time.
 *
 * @param holdMs milliseconds to wait before the answer is sent
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

/** Closes without an answer, after `holdMs` milliseconds, so that a flood without answers is slowed down too. */
export function endHeld(socket: Duplex, holdMs: number): void {
  if (holdMs === 0) {
    socket.destroy();
    return;
  }
  const timer = setTimeout(() => socket.destroy(), holdMs);
  socket.once('close', () => clearTimeout(timer));
}

/** Stops parsing a connection. What still comes is read and thrown away, up to a limit of bytes. */
export function discardInput(socket: Duplex): void {
  // Node's parser reads the socket's handle directly until a 'data' listener is added. Adding one makes the parser let
  // go of the handle. Then all listeners are removed, the parser's among them.
  socket.on('data', () => {});
  socket.removeAllListeners('data');
  let left = LINGER_BYTES;
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) socket.destroy();
  });
  socket.resume();
  // If the parser had stopped reading, nothing would start again. Pushing an empty chunk marks the stream as ready.
  socket.push('');
}

/**
 * Ends an answer whose request has not arrived completely. The answer has been written; it ends once the rest of the
 * request has been read and thrown away, up to a limit of bytes and time.
 */
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
