import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { watchHalfClose } from './half-closed.ts';
import type { ServedSocket } from './served-socket.ts';
import { withoutOffer } from './upgrade-offer.ts';

/** An error of Node's parser, without the bytes that caused it. */
export interface ParserError {
  readonly code: string;
}

export interface HttpFrontHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse, expectation: string | null): void;
  onConnect(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The bytes were not HTTP/1.1, or came too slowly. This handler must answer on the socket and close it. */
  onBroken(error: ParserError, socket: Duplex): void;
  /** Resolves when every request that came on the socket has its whole answer, or when the socket is closed. */
  answered(socket: Duplex): Promise<void>;
}

export interface HttpFrontOptions extends HttpFrontHandlers {
  /** How long a connection without a request stays open. */
  readonly idleMs: number;
}

export interface HttpFront {
  /** Speaks HTTP on a stream: the unix socket of a sandbox, or the inside of an intercepted tunnel. */
  serve(socket: Duplex): void;
  /** The same for a stream whose client may open it long before its first request. */
  serveLater(socket: Duplex): void;
  closeIdle(): void;
  close(): void;
}

/**
 * Larger than what `readHead` allows, so that `readHead` refuses first and says why. The parser refuses beyond this.
 */
const PARSER_HEAD_LIMIT = 112 * 1024;
const HEADERS_TIMEOUT_MS = 15_000;
const CHECK_MS = 1_000;

/** An HTTP/1.1 server that listens nowhere: connections are handed to it. Node's parser runs at its strictest. */
export function createHttpFront({ onRequest, onConnect, onBroken, answered, idleMs }: HttpFrontOptions): HttpFront {
  const server: Server = createServer({
    insecureHTTPParser: false,
    // `readHead` checks this instead, because it also records an event.
    requireHostHeader: false,
    maxHeaderSize: PARSER_HEAD_LIMIT,
    headersTimeout: HEADERS_TIMEOUT_MS,
    // A long upload is allowed. A pause in it is timed where the body is read (outbound-body.ts).
    requestTimeout: 0,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: CHECK_MS,
  });
  // `readHead` counts the headers. With a limit here, Node would silently drop the headers beyond it.
  server.maxHeadersCount = 0;
  // A client may say that it sends nothing more, and still wait for its answer (RFC 9112 9.6). Node's types lack this.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('request', (request, response) => onRequest(request, response, null));
  server.on('checkContinue', (request, response) => onRequest(request, response, '100-continue'));
  server.on('checkExpectation', (request, response) => onRequest(request, response, request.headers.expect ?? ''));
  server.on('connect', (request, socket, head) => {
    keepDraining(socket);
    onConnect(request, socket, head);
  });
  server.on('upgrade', (request, socket, rest) => void readAgain(request, socket, rest));
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    onBroken({ code: error.code ?? 'UNKNOWN' }, socket);
  });
  // Node checks the time of heads only on a server that has begun to listen, and this one never does.
  server.emit('listening');

  /**
   * An offer of another protocol is ignored, so the request is an ordinary one (RFC 9110 7.8). Node's parser ends at
   * such a request, and would drop what came behind it in the same segment:
   * 1. Node gives the connection up, with the bytes behind the head.
   * 2. The head is put back in front of them, without the offer.
   * 3. The connection is read anew from there, once earlier requests have their answers.
   * Therefore nothing is lost, neither a body nor the next request.
   */
  async function readAgain(request: IncomingMessage, socket: ServedSocket, rest: Buffer): Promise<void> {
    keepDraining(socket);
    await answered(socket);
    if (socket.destroyed) return;
    // The answers before it have begun the time for an idle connection.
    socket.setTimeout?.(0);
    socket.unshift(Buffer.concat([withoutOffer(request), rest]));
    server.emit('connection', socket);
  }

  /**
   * When Node gives a connection up, it no longer tells earlier answers on it that they may go on. One that waits for a
   * slow reader would wait for ever.
   */
  function keepDraining(socket: ServedSocket): void {
    const goOn = () => void socket._httpMessage?.emit('drain');
    socket.on('drain', goOn);
    void answered(socket).then(() => socket.off('drain', goOn));
  }

  function serve(socket: ServedSocket): void {
    watchHalfClose(socket);
    server.emit('connection', socket);
  }

  return {
    serve,
    // Node gives a new connection 15 s for its first head. Here this time begins with the first byte.
    serveLater(socket: ServedSocket) {
      const giveUp = () => socket.destroy();
      socket.setTimeout?.(idleMs);
      socket.once('timeout', giveUp);
      // TLS reports an error after its handshake, and leaves the connection open.
      socket.once('error', giveUp);
      socket.once('readable', () => {
        socket.off('timeout', giveUp);
        socket.off('error', giveUp);
        socket.setTimeout?.(0);
        serve(socket);
      });
    },
    closeIdle: () => server.closeIdleConnections(),
    close: () => void server.close(),
  };
}
