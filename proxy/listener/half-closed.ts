import type { ServedSocket } from './served-socket.ts';

/** How often a client that sends nothing more, and waits for its answer, is asked whether it is still there. */
const ASK_MS = 2_000;
/** How long the host may be silent in an answer that had begun when its client ended its side. */
const GONE_MS = 500;

/**
 * Serves a client that has ended its side of the connection, and notices when it has gone. The end of a unix socket does
 * not say whether its client only sends nothing more (`shutdown(SHUT_WR)`), or has gone. Bytes that are written to a
 * client that has gone fail, and end the connection at once. So two cases are left in which nothing is written:
 *
 * 1. The client waits for its answer. It is sent `100 Continue` now and then, which every client throws away
 *    (RFC 9110 15.2). If it has gone, the writing fails.
 * 2. The client ends its side in the middle of an answer. Most clients that do so have gone, and nothing but the answer
 *    itself can be written. Therefore the connection ends when the host is silent.
 */
export function watchHalfClose(socket: ServedSocket): void {
  socket.once('end', () => {
    if (socket._httpMessage?.headersSent) {
      // Node's server ends a connection at its timeout. Each write begins the time anew.
      socket.setTimeout?.(GONE_MS);
      return;
    }
    const asking = setInterval(() => {
      const answer = socket._httpMessage;
      if (answer && !answer.headersSent) answer.writeContinue();
    }, ASK_MS);
    socket.once('close', () => clearInterval(asking));
  });
}
