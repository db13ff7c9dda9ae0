import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import path from 'node:path';
import { ownerOf, type ScopeKey } from '../../contracts/scope.ts';
import type { ServerDoor } from '../mcp/server-door.ts';
import { type ControlRoutesOptions, createControlRoutes, whole } from './control-routes.ts';
import { streamLease } from './lease-stream.ts';
import { ControlError, type ControlErrorCode, SandboxIdSchema } from './protocol.ts';

const BODY_LIMIT = 64 * 1024;

const STATUS: Readonly<Record<ControlErrorCode, number>> = {
  bad_request: 400,
  path_too_long: 400,
  not_found: 404,
  epoch_too_low: 409,
  turn_closed: 409,
  epochs_unknown: 503,
  lease_expired: 409,
  lease_superseded: 409,
  lease_timeout: 408,
  proxy_unreachable: 502,
  internal: 500,
};

export interface ControlServerOptions extends ControlRoutesOptions {
  /** `BELLHOP_PROXY_CONTROL`; its folder is made with mode 0700 when missing. */
  readonly socketPath: string;
  readonly door: ServerDoor;
  readonly onError: (error: unknown) => void;
}

export interface ControlServer {
  close(): Promise<void>;
}

/** Serves the control socket. A program that can open it controls all leases, so its mode is 0600. */
export async function startControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { socketPath } = options;
  const route = createControlRoutes(options);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://proxy.control');
    const segments = url.pathname.split('/').slice(1).map(decodeURIComponent);
    if (request.method === 'GET' && segments[0] === 'sandboxes' && segments[2] === 'events') {
      streamLease(options.leases, segments[1] ?? '', url.searchParams, response);
      return;
    }
    const [room, server] = segments;
    if (room === 'servers' && server !== undefined && segments.length === 2) {
      await openDoor(server, url.searchParams, request, response);
      return;
    }
    const answer = await route({
      method: request.method ?? 'GET',
      segments,
      query: url.searchParams,
      body: await readJson(request),
    });
    if (answer === undefined) response.writeHead(204).end();
    else send(response, 200, answer);
  }

  async function openDoor(
    connection: string,
    query: URLSearchParams,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    if (!['POST', 'GET', 'DELETE'].includes(request.method ?? '')) {
      throw new ControlError('bad_request', 'an MCP server is asked by POST, GET and DELETE');
    }
    const server = { connection, url: query.get('url') ?? '' };
    const sandbox = query.get('sandbox');
    if (sandbox === null) return options.door.look(server, personOf(query.get('owner')), request, response);
    if (!SandboxIdSchema.safeParse(sandbox).success) throw new ControlError('bad_request', 'sandbox: is no id');
    const facts = { readOnly: query.has('readOnly'), approved: query.has('approved') };
    return options.door.carry({ server, sandbox, turn: whole(query, 'turn'), facts }, request, response);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      const code = error instanceof ControlError ? error.code : 'internal';
      if (code === 'internal') options.onError(error);
      const message = error instanceof ControlError ? error.message : 'the proxy failed; its log says why';
      if (response.headersSent) response.destroy();
      else send(response, STATUS[code], { error: { code, message } });
    });
  });

  mkdirSync(path.dirname(socketPath), { recursive: true, mode: 0o700 });
  rmSync(socketPath, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketPath, resolve);
  });
  chmodSync(socketPath, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Null for nobody. @throws ControlError `bad_request` */
function personOf(owner: string | null): ScopeKey | null {
  if (owner === null || ownerOf(owner as ScopeKey)) return owner as ScopeKey | null;
  throw new ControlError('bad_request', 'owner: is not the scope of a person');
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new ControlError('bad_request', `a body is at most ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ControlError('bad_request', 'the body is not JSON');
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
