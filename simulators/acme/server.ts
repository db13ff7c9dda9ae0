import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createServerIdentity } from './authority.ts';
import { FORGE_HOST, startForge } from './forge/forge.ts';
import { createLedger, describeCredential, type Ledger, withoutQueryValues } from './ledger.ts';
import { createSites, SITE_HOSTS, type SiteAnswer } from './sites.ts';

/** Under these the control endpoints answer; a sandbox can only ask for the virtual hosts. */
const CONTROL_NAMES = ['127.0.0.1', 'localhost'];

export interface AcmeOptions {
  readonly folder: string;
  /** SHA-256, in hex, of the credential of `svc-bellhop`. */
  readonly tokenSha256: string;
  readonly controlToken: string;
  /** People with accounts at the git server: SHA-256, in hex, of the token of each login. */
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

/** Starts the outside world on 127.0.0.1: four virtual hosts and, under the address itself, `/_acme/`. */
export async function startAcme({
  folder,
  tokenSha256,
  controlToken,
  people = {},
  port,
  now,
}: AcmeOptions): Promise<Acme> {
  const identity = await createServerIdentity(folder, [...SITE_HOSTS, FORGE_HOST, ...CONTROL_NAMES]);
  const ledger = createLedger({ now, hosts: [...SITE_HOSTS, FORGE_HOST] });
  const sites = createSites({ tokenSha256, now });
  const forge = await startForge({ folder: path.join(folder, 'forge'), tokenSha256, people });

  const server = createServer({ key: identity.key, cert: identity.certificate }, (request, response) => {
    handle(request, response).catch(() => response.destroy());
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = hostOf(request);
    const serverName = (request.socket as TLSSocket).servername || null;
    if (host === FORGE_HOST && serverName === host) {
      ledger.hit(host);
      // git's bodies are streams, so they are not read here.
      const { status, caller } = await forge.answer(request, response);
      record(request, host, status, caller);
      return;
    }
    if (sites.has(host)) ledger.hit(host);
    const bodyBytes = await drain(request);
    const asked = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (CONTROL_NAMES.includes(host)) {
      send(response, answerControl(asked, request.headers.authorization, controlToken, ledger));
      return;
    }
    const site = sites.get(host);
    // RFC 9110 §7.4: a request for a host this connection was not opened for is misdirected.
    if (!site || serverName !== host) {
      send(response, { status: 421, body: '{"error":"misdirected_request"}\n', type: 'application/json' });
      return;
    }
    const method = request.method ?? 'GET';
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

function answerControl(path: string, authorization: string | undefined, token: string, ledger: Ledger): SiteAnswer {
  if (!sameText(authorization ?? '', `Bearer ${token}`)) {
    return { status: 401, body: '{"error":"unauthorized"}\n', type: 'application/json' };
  }
  if (path === '/_acme/seen')
    return { status: 200, body: JSON.stringify({ seen: ledger.seen() }), type: 'application/json' };
  if (path === '/_acme/hits')
    return { status: 200, body: JSON.stringify({ hits: ledger.hits() }), type: 'application/json' };
  return { status: 404, body: '{"error":"not_found"}\n', type: 'application/json' };
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

function sameText(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
