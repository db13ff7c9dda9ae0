import { mkdir } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { openAccounts } from './accounts.ts';
import { createServerIdentity } from './authority.ts';
import { createControl } from './control.ts';
import { FORGE_HOST, startForge } from './forge/forge.ts';
import { createLedger, describeCredential, withoutQueryValues } from './ledger.ts';
import { createToolsServer, TOOLS_HOST } from './mcp/tools-server.ts';
import { createSites, SITE_HOSTS, type SiteAnswer } from './sites.ts';

/** The account of the agent, which is nobody's. */
const AGENT_LOGIN = 'bellhop';
/** Under these the control endpoints answer; a sandbox can only ask for the virtual hosts. */
const CONTROL_NAMES = ['127.0.0.1', 'localhost'];

export interface AcmeOptions {
  readonly folder: string;
  /** SHA-256, in hex, of the credential of `svc-bellhop`. */
  readonly tokenSha256: string;
  readonly controlToken: string;
  /** People who have a token from the beginning: its SHA-256, in hex, by login. */
  readonly people?: Readonly<Record<string, string>>;
  readonly port: number;
  readonly now: () => Date;
}

export interface Acme {
  readonly port: number;
  /** Path of the certificate by which its hosts are trusted. */
  readonly authorityPath: string;
  /** Ends idle connections at once, busy ones after 2 s. */
  close(): Promise<void>;
}

/** Starts the outside world on 127.0.0.1: five virtual hosts and, under the address itself, `/_acme/`. */
export async function startAcme({
  folder,
  tokenSha256,
  controlToken,
  people = {},
  port,
  now,
}: AcmeOptions): Promise<Acme> {
  const identity = await createServerIdentity(folder, [...SITE_HOSTS, FORGE_HOST, TOOLS_HOST, ...CONTROL_NAMES]);
  const ledger = createLedger({ now, hosts: [...SITE_HOSTS, FORGE_HOST, TOOLS_HOST] });
  const sites = createSites({ tokenSha256, now });
  await mkdir(path.join(folder, 'forge'), { recursive: true });
  const accounts = await openAccounts({
    file: path.join(folder, 'forge', 'tokens.json'),
    service: { login: AGENT_LOGIN, tokenSha256 },
    people,
  });
  const forge = await startForge({ folder: path.join(folder, 'forge'), accounts });
  const tools = createToolsServer(accounts);
  const control = createControl({ token: controlToken, ledger, accounts, forge });

  const server = createServer({ key: identity.key, cert: identity.certificate }, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = hostOf(request);
    const serverName = (request.socket as TLSSocket).servername || null;
    // Bodies of git and of MCP are read by those who answer them.
    const reader = host === FORGE_HOST ? forge.answer : host === TOOLS_HOST ? tools : null;
    if (reader && serverName === host) {
      ledger.hit(host);
      const { status, caller } = await reader(request, response);
      record(request, host, status, caller);
      return;
    }
    if (sites.has(host)) ledger.hit(host);
    const asked = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const method = request.method ?? 'GET';
    if (CONTROL_NAMES.includes(host)) {
      send(response, await control(request, `${method} ${asked}`));
      return;
    }
    const bodyBytes = await drain(request);
    const site = sites.get(host);
    // RFC 9110 §7.4: a request for a host this connection was not opened for is misdirected.
    if (!site || serverName !== host) {
      send(response, { status: 421, body: '{"error":"misdirected_request"}\n', type: 'application/json' });
      return;
    }
    const answer = site({ method, path: asked, authorization: request.headers.authorization, bodyBytes });
    record(request, host, answer.status, answer.caller ?? null);
    send(response, answer, method === 'HEAD');
  }

  function record(request: IncomingMessage, host: string, status: number, caller: string | null): void {
    ledger.record({
      method: request.method ?? 'GET',
      host,
      path: withoutQueryValues(request.url ?? '/'),
      credential: describeCredential(request.headers.authorization),
      status,
      caller,
    });
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    authorityPath: identity.authorityPath,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const force = setTimeout(() => server.closeAllConnections(), 2_000);
      await closed;
      clearTimeout(force);
    },
  };
}

function send(response: ServerResponse, answer: SiteAnswer, headersOnly = false): void {
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    ...answer.headers,
  });
  response.end(headersOnly ? undefined : answer.body);
}

async function drain(request: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const chunk of request) bytes += (chunk as Buffer).length;
  return bytes;
}

function hostOf(request: IncomingMessage): string {
  return (request.headers.host ?? '').toLowerCase().replace(/:\d+$/, '');
}
