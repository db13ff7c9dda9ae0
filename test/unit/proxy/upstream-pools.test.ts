import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import net from 'node:net';
import type { CanonicalHost } from '../../../access/host-name.ts';
import { createUpstreamPools } from '../../../proxy/dialer/upstream-pools.ts';
import { until } from '../../support/until.ts';

test('after its lifetime even a busy host is dialled again, and open requests go on', async () => {
  let held: ServerResponse | null = null;
  const host = createServer((request, response) => {
    if (request.url !== '/held') response.end('ok');
    else {
      held = response;
      response.write('begun ');
    }
  }).listen(0, '127.0.0.1');
  await once(host, 'listening');
  host.unref();
  let dials = 0;
  const pools = createUpstreamPools({
    dialer: {
      connect: async () => {
        dials += 1;
        const socket = net.connect((host.address() as net.AddressInfo).port, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      },
      connectTls: () => Promise.reject(new Error('not asked for')),
    },
    lifetimeMs: 1_000,
  });
  const key = {
    scope: 'channel:T1:C1',
    principal: 'agent@channel:T1:C1',
    scheme: 'http',
    connection: null,
    authority: { host: 'a.test' as CanonicalHost, port: 80 },
    exceptions: [],
  } as const;
  /** Resolves with a function that waits for the whole body, once the answer has begun. */
  const get = (path: string) => {
    const whole = Promise.withResolvers<string>();
    const begun = Promise.withResolvers<() => Promise<string>>();
    let text = '';
    pools.get(key).onKept(
      { path, method: 'GET' },
      {
        onResponseStart: () => begun.resolve(() => whole.promise),
        onResponseData(_controller, chunk) {
          text += chunk.toString();
        },
        onResponseEnd: () => whole.resolve(text),
        onResponseError: (_controller, error) => begun.reject(error),
      },
    );
    return begun.promise;
  };

  const first = pools.get(key);
  const slow = await get('/held');
  expect(await (await get('/'))()).toBe('ok');
  const before = dials;
  await until(() => pools.get(key) !== first, 'another pool');
  expect(await (await get('/'))()).toBe('ok');
  expect(dials).toBe(before + 1);
  (held as ServerResponse | null)?.end('done');
  expect(await slow()).toBe('begun done');
  await pools.destroy();
  host.close();
});

test.each([
  ['timeout=2', 2],
  ['timeout=60', 1],
])('a host that says Keep-Alive: %s is dialled for two requests in a row %i times', async (hint, dialled) => {
  const host = createServer((_request, response) => response.writeHead(200, { 'keep-alive': hint }).end('ok'));
  host.keepAliveTimeout = 0;
  host.listen(0, '127.0.0.1').unref();
  await once(host, 'listening');
  let dials = 0;
  const pools = createUpstreamPools({
    dialer: {
      connect: async () => {
        dials += 1;
        const socket = net.connect((host.address() as net.AddressInfo).port, '127.0.0.1');
        await once(socket, 'connect');
        return socket;
      },
      connectTls: () => Promise.reject(new Error('not asked for')),
    },
  });
  const authority = { host: 'a.test' as CanonicalHost, port: 80 };
  const upstream = pools.get({
    scope: 'channel:T1:C1',
    principal: 'agent@channel:T1:C1',
    scheme: 'http',
    connection: null,
    authority,
    exceptions: [],
  });
  for (const path of ['/1', '/2']) {
    await new Promise<void>((resolve, reject) => {
      upstream.onKept(
        { path, method: 'GET' },
        {
          onResponseStart() {},
          onResponseData() {},
          onResponseEnd: () => resolve(),
          onResponseError: (_controller, error) => reject(error),
        },
      );
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(dials).toBe(dialled);
  await pools.destroy();
  host.close();
});

test('nothing of one scope, credential or exception is used for another', async () => {
  const pools = createUpstreamPools({
    dialer: { connect: () => Promise.reject(new Error('no')), connectTls: () => Promise.reject(new Error('no')) },
  });
  const authority = { host: 'a.test' as CanonicalHost, port: 443 };
  const key = {
    scope: 'channel:T1:C1',
    principal: 'person:T1:UADA',
    scheme: 'https',
    connection: 'gh:1',
    authority,
    exceptions: [],
  } as const;
  const pool = pools.get(key);
  expect(pools.get({ ...key })).toBe(pool);
  for (const other of [
    { scope: 'channel:T1:C2' },
    { principal: 'person:T1:UGRACE' },
    { connection: null },
    { connection: 'gh:2' },
    { scheme: 'http' },
    { exceptions: [{ range: '10.0.0.0/8', port: 443 }] },
  ] as const) {
    expect(pools.get({ ...key, ...other })).not.toBe(pool);
  }
  await pools.destroy();
});
