import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import net from 'node:net';
import type { CanonicalHost } from '../../../access/host-name.ts';
import { createUpstreamPools } from '../../../proxy/dialer/upstream-pools.ts';
import { until } from '../../support/until.ts';

test('however busy a host is, after its lifetime it is dialled anew, and what is under way goes on', async () => {
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
    scheme: 'http',
    connection: null,
    authority: { host: 'a.test' as CanonicalHost, port: 80 },
    exceptions: [],
  } as const;
  const get = async (path: string) => (await pools.get(key).request({ path, method: 'GET' })).body;

  const first = pools.get(key);
  const slow = await get('/held');
  expect(await (await get('/')).text()).toBe('ok');
  const before = dials;
  await until(() => pools.get(key) !== first, 'another pool');
  expect(await (await get('/')).text()).toBe('ok');
  expect(dials).toBe(before + 1);
  (held as ServerResponse | null)?.end('done');
  expect(await slow.text()).toBe('begun done');
  await pools.destroy();
  host.close();
});

test('nothing of one scope, credential or exception is used for another', async () => {
  const pools = createUpstreamPools({
    dialer: { connect: () => Promise.reject(new Error('no')), connectTls: () => Promise.reject(new Error('no')) },
  });
  const authority = { host: 'a.test' as CanonicalHost, port: 443 };
  const key = { scope: 'channel:T1:C1', scheme: 'https', connection: 'gh:1', authority, exceptions: [] } as const;
  const pool = pools.get(key);
  expect(pools.get({ ...key })).toBe(pool);
  for (const other of [
    { scope: 'channel:T1:C2' },
    { connection: null },
    { connection: 'gh:2' },
    { scheme: 'http' },
    { exceptions: [{ range: '10.0.0.0/8', port: 443 }] },
  ] as const) {
    expect(pools.get({ ...key, ...other })).not.toBe(pool);
  }
  await pools.destroy();
});
