import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createServerIdentity } from '../../simulators/acme/authority.ts';

const HOST = 'api.acme.test';
const PATH = /^\/v1\/signups\/([a-z0-9]+)$/;

/** How often the origin was asked for one path, with the right credential and without it. */
export interface Hits {
  readonly injected: number;
  readonly bare: number;
}

/** The outside world, in this process: no fault reaches it, and it forgets nothing. */
export interface Origin extends AsyncDisposable {
  readonly port: number;
  /** The certificate that the proxy is told to trust. */
  readonly authorityPath: string;
  /** For the last part of the path. */
  hits(name: string): Hits;
  /** Everything that was asked for. */
  names(): readonly string[];
}

export async function startOrigin(folder: string, credential: string): Promise<Origin> {
  const identity = await createServerIdentity(folder, [HOST]);
  const seen = new Map<string, Hits>();
  const server = createServer({ key: identity.key, cert: identity.certificate }, (request, response) => {
    // Counted on arrival: a request that breaks off has been made as well.
    const name = PATH.exec(request.url ?? '')?.[1] ?? `(${request.url})`;
    const { injected, bare } = seen.get(name) ?? { injected: 0, bare: 0 };
    const isInjected = request.headers.authorization === `Bearer ${credential}`;
    seen.set(name, isInjected ? { injected: injected + 1, bare } : { injected, bare: bare + 1 });
    request.resume();
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}\n');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    authorityPath: identity.authorityPath,
    hits: (name) => seen.get(name) ?? { injected: 0, bare: 0 },
    names: () => [...seen.keys()],
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
