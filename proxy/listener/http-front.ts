import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** What Node's parser calls an error, with the bytes it stumbled over left out. */
export interface ParserError {
  readonly code: string;
}

export interface HttpFrontHandlers {
  onRequest(request: IncomingMessage, response: ServerResponse, expectation: string | null): void;
  onConnect(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** The bytes were no HTTP/1.1, or too slow. Nobody else answers on this socket. */
  onBroken(error: ParserError, socket: Duplex): void;
}

export interface HttpFront {
  /** Speaks HTTP on a stream: the unix socket of a sandbox, or the inside of an intercepted tunnel. */
  serve(socket: Duplex): void;
  closeIdle(): void;
  close(): void;
}

/** Above what `readHead` allows, so that it is what refuses, in words; a head beyond this is cut off by the parser. */
const PARSER_HEAD_LIMIT = 112 * 1024;
const HEADERS_TIMEOUT_MS = 15_000;
const KEEP_ALIVE_MS = 60_000;
const CHECK_MS = 1_000;

/** One HTTP/1.1 server without an address: connections are handed to it. Node's parser, at its strictest. */
export function createHttpFront({ onRequest, onConnect, onBroken }: HttpFrontHandlers): HttpFront {
  const server: Server = createServer({
    insecureHTTPParser: false,
    // Asked for by `readHead` instead, which leaves an event when it is missing.
    requireHostHeader: false,
    maxHeaderSize: PARSER_HEAD_LIMIT,
    headersTimeout: HEADERS_TIMEOUT_MS,
    // A long upload is no fault; silence in it is, and is timed where the body is read.
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_MS,
  });
  // Counted by `readHead`; Node would leave out the rest without a word.
  server.maxHeadersCount = 0;
  server.on('request', (request, response) => onRequest(request, response, null));
  server.on('checkContinue', (request, response) => onRequest(request, response, '100-continue'));
  server.on('checkExpectation', (request, response) => onRequest(request, response, request.headers.expect ?? ''));
  server.on('connect', onConnect);
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    onBroken({ code: error.code ?? 'UNKNOWN' }, socket);
  });
  // Node times heads only on a server that listens. This one never binds an address.
  server.emit('listening');
  return {
    serve: (socket) => void server.emit('connection', socket),
    closeIdle: () => server.closeIdleConnections(),
    close: () => void server.close(),
  };
}
