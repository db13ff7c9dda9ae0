import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Connection } from '../../../access/document.ts';
import { rule } from '../../support/access-document.ts';
import { until } from '../../support/until.ts';
import { createTestAuthority, type TestAuthority } from './support/test-authority.ts';
import { connection, domain, S1, S2, SCOPE_1, SCOPE_2, startWorld, type World } from './support/world.ts';

/** A host that takes nobody without a certificate of its authority for clients. OpenSSL verifies it. */
interface StrictHost extends AsyncDisposable {
  readonly port: number;
  /** Fingerprint of the client's certificate, by path. */
  readonly seen: Map<string, string>;
  readonly open: Set<TLSSocket>;
}

let clients: TestAuthority;
/** The authority of the company, which only the connection knows. */
let corporate: TestAuthority;
/** The operator's, which the proxy trusts for every host. */
let usual: TestAuthority;
let strict: StrictHost;
let world: World;
/** Holds back the answer to `/slow`. */
let held = Promise.withResolvers<void>();

async function startStrictHost(): Promise<StrictHost> {
  const seen = new Map<string, string>();
  const open = new Set<TLSSocket>();
  const identity = await corporate.issue('wiki.a.test');
  const options = { ...identity, ca: clients.pem, requestCert: true, rejectUnauthorized: true };
  const server = https.createServer(options, async (request, response) => {
    const socket = request.socket as TLSSocket;
    seen.set(String(request.url), socket.authorized ? socket.getPeerCertificate().fingerprint256 : 'nobody');
    response.write('begun ');
    if (request.url === '/slow') await held.promise;
    response.end('done');
  });
  server.keepAliveTimeout = 60_000;
  server.on('secureConnection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    open,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

beforeAll(async () => {
  [clients, corporate, usual] = await Promise.all([
    createTestAuthority(),
    createTestAuthority(),
    createTestAuthority(),
  ]);
});
beforeEach(async () => {
  held = Promise.withResolvers();
  strict = await startStrictHost();
  const place = { address: '127.0.0.1', port: strict.port };
  world = await startWorld({
    operator: {
      staticNames: new Map(['wiki.a.test', 'other.a.test'].map((host) => [host, place])),
      ceilings: [{ range: '127.0.0.0/8', ports: [strict.port] }],
      caBundles: [usual.pem],
    },
  });
  await world.openLease(S1, SCOPE_1);
  await world.openLease(S2, SCOPE_2);
});
afterEach(async () => {
  held.resolve();
  await world[Symbol.asyncDispose]();
  await strict[Symbol.asyncDispose]();
});

const addresses = () => [{ range: '127.0.0.1/32', port: strict.port }];
const wiki = (more: Partial<Connection> = {}) =>
  connection('wiki', 'wiki.a.test', {
    credential: { kind: 'mtls' },
    ca: corporate.pem,
    addresses: addresses(),
    ...more,
  });

async function certificate(): Promise<{ pem: string; fingerprint: string }> {
  const { cert, key } = await clients.issue('bellhop');
  return { pem: `${cert}${key}`, fingerprint: new X509Certificate(cert).fingerprint256 };
}

const attach = (secret: string, of: Connection = wiki()) =>
  world.apply({
    connections: [of],
    secrets: { [of.id]: secret },
    attached: {
      [SCOPE_1]: { connections: [of.id] },
      [SCOPE_2]: { domains: [domain('wiki.a.test', { addresses: addresses() })] },
    },
  });
const ask = (path: string, sandbox = S1) => world.sandbox(sandbox).request(`https://wiki.a.test${path}`);

test('a host that asks for a certificate gets that of the connection, also on many connections at once', async () => {
  const { pem, fingerprint } = await certificate();
  await attach(pem);
  const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => ask(`/${i}`)));
  expect(answers.map(({ text }) => text)).toEqual(Array(10).fill('begun done'));
  expect(new Set(strict.seen.values())).toEqual(new Set([fingerprint]));
  const events = await world.events(S1, 10);
  expect(events.map(({ outcome, connection: id }) => `${outcome} ${id}`)).toEqual(Array(10).fill('injected wiki'));
});

test('a scope without the connection cannot use its connections to the host, although they are open', async () => {
  const { pem } = await certificate();
  await attach(pem);
  expect((await ask('/first')).status).toBe(200);
  expect(strict.open.size).toBe(1);
  expect((await ask('/second', S2)).status).toBe(502);
  expect(strict.seen.has('/second')).toBe(false);
});

test('a new certificate takes the place of the old one, whose idle connections end', async () => {
  const [old, next] = [await certificate(), await certificate()];
  await attach(old.pem);
  await ask('/old');
  expect(strict.open.size).toBe(1);
  await attach(next.pem);
  await until(() => strict.open.size === 0, 'the connection with the old certificate ends');
  await ask('/new');
  expect([strict.seen.get('/old'), strict.seen.get('/new')]).toEqual([old.fingerprint, next.fingerprint]);
});

test('a running request keeps the certificate it began with, and ends with the connection that is taken away', async () => {
  const [old, next] = [await certificate(), await certificate()];
  await attach(old.pem);
  const kept = ask('/slow');
  await until(() => strict.seen.has('/slow'), 'the request is with the host');
  await attach(next.pem);
  held.resolve();
  expect((await kept).text).toBe('begun done');

  held = Promise.withResolvers();
  strict.seen.clear();
  const cut = ask('/slow').then(
    () => 'answered',
    () => 'broken off',
  );
  await until(() => strict.seen.has('/slow'), 'the request is with the host');
  await world.apply({ attached: { [SCOPE_1]: { domains: [domain('wiki.a.test', { addresses: addresses() })] } } });
  expect(await cut).toBe('broken off');
  await until(() => strict.open.size === 0, 'its connection ends');
});

test('the hosts of a connection are verified against its own authorities instead of the usual ones', async () => {
  const { pem } = await certificate();
  await attach(pem, wiki({ ca: usual.pem }));
  expect((await ask('/usual')).error?.code).toBe('upstream_tls');
  await attach(pem, wiki({ ca: null }));
  expect((await ask('/none')).error?.code).toBe('upstream_tls');
  expect(strict.seen.size).toBe(0);
  // Authorities of a connection also hold where the usual ones would do.
  const trusted = await usual.issue('other.a.test');
  const plain = https.createServer(trusted, (_request, response) => response.end('other')).listen(0, '127.0.0.1');
  await once(plain, 'listening');
  const { port } = plain.address() as AddressInfo;
  await world[Symbol.asyncDispose]();
  world = await startWorld({
    operator: {
      staticNames: new Map([['other.a.test', { address: '127.0.0.1', port }]]),
      ceilings: [{ range: '127.0.0.0/8', ports: [port] }],
      caBundles: [usual.pem],
    },
  });
  await world.openLease(S1, SCOPE_1);
  const other = (ca: string | null, action: 'inject' | 'forward') =>
    world.apply({
      connections: [
        connection('other', 'other.a.test', {
          ca,
          rules: [rule(action, 'other.a.test', { addresses: [{ range: '127.0.0.1/32', port }] })],
        }),
      ],
      attached: { [SCOPE_1]: { connections: ['other'] } },
    });
  const status = async () => {
    const answer = await world.sandbox(S1).request('https://other.a.test/');
    return answer.error?.code ?? answer.text;
  };
  for (const action of ['inject', 'forward'] as const) {
    await other(null, action);
    expect(await status()).toBe('other');
    await other(corporate.pem, action);
    expect(await status()).toBe('upstream_tls');
    await other(usual.pem, action);
    expect(await status()).toBe('other');
  }
  plain.closeAllConnections();
  plain.close();
});
