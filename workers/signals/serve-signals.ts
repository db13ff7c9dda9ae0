import { createServer, type Server, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { Logger } from 'pino';
import { METRICS_CONTENT_TYPE, type Signals } from './signals.ts';

/** A port that is taken may be free again, as when the process before this one has ended at last. */
const AGAIN_MS = 10_000;
/** One Prometheus, one probe, and a person who looks; nobody needs more. */
const MOST_CONNECTIONS = 32;

export interface SignalsAddress {
  readonly host: string;
  /** 0: one that the kernel chooses; the log says which. */
  readonly port: number;
}

/** `address:port` as a setting says it, `[::1]:9000` for IPv6; null for `off`. Undefined for anything else. */
export function parseSignalsAddress(text: string): SignalsAddress | null | undefined {
  if (text === 'off') return null;
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = Number(digits);
  if (host === undefined || port > 65_535 || (bracketed !== undefined && !isIPv6(bracketed))) return undefined;
  return { host, port };
}

/**
 * Serves what a process tells of itself, over plain HTTP.
 *
 * - `GET /metrics`: Prometheus' text format.
 * - `GET /health/live`: 200 as long as the event loop turns. A supervisor may restart a process that does not answer.
 * - `GET /health/ready`: 200 when everything that the process needs is there, else 503, with one line of JSON that names each
 *   check. Not a reason to restart: PostgreSQL is not nearer after it.
 *
 * An address that cannot be listened on is no reason to end: it is logged and tried again.
 *
 * @returns how to stop
 */
export function serveSignals(
  name: string,
  { host, port }: SignalsAddress,
  signals: Signals,
  log: Pick<Logger, 'info' | 'warn'>,
  againMs = AGAIN_MS,
): () => Promise<void> {
  let again: NodeJS.Timeout | undefined;
  const server = createServer((request, response) => {
    request.resume();
    answer(request.method ?? '', request.url ?? '', response).catch((error: unknown) => {
      log.warn({ err: error }, 'a request for metrics or health failed');
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on('error', (error: NodeJS.ErrnoException) => {
    log.warn({ host, port, code: error.code }, 'metrics and health are not served; trying again');
    again = setTimeout(listen, againMs).unref();
  });
  server.on('listening', () => log.info({ metrics: addressOf(server) }, 'metrics and health are served'));
  // It keeps no process alive that has nothing else to do.
  server.unref();
  listen();

  function listen(): void {
    server.listen({ host, port });
  }

  async function answer(method: string, url: string, response: ServerResponse): Promise<void> {
    const path = url.split('?', 1)[0];
    if (method !== 'GET' && method !== 'HEAD') {
      response.writeHead(405, { allow: 'GET, HEAD' }).end();
    } else if (path === '/metrics') {
      response.writeHead(200, { 'content-type': METRICS_CONTENT_TYPE }).end(await signals.text());
    } else if (path === '/health/live') {
      json(response, 200, { name, live: true });
    } else if (path === '/health/ready') {
      const checks = await signals.health();
      const ready = Object.values(checks).every((reason) => reason === null);
      json(response, ready ? 200 : 503, { name, ready, checks });
    } else {
      response.writeHead(404).end();
    }
  }

  return async () => {
    clearTimeout(again);
    if (!server.listening) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

function addressOf(server: Server): string {
  const address = server.address();
  if (typeof address !== 'object' || address === null) return String(address);
  const host = isIPv6(address.address) ? `[${address.address}]` : address.address;
  return `http://${host}:${address.port}/metrics`;
}
