import { once } from 'node:events';
import net from 'node:net';
import os from 'node:os';
import { contention } from '../../support/contention.ts';
import { until } from '../../support/until.ts';
import { untilClosed } from './support/sandbox.ts';
import { domain, S1, SCOPE_1, startWorld, type World } from './support/world.ts';

/** A host of the outside world that does with a connection what a test says, and what it was sent. */
let onConnection: (socket: net.Socket) => void = () => {};
let received = '';
let host: net.Server;
let port: number;
let world: World;
const outside = Object.values(os.networkInterfaces()).flatMap((list) => list ?? []);

beforeAll(async () => {
  host = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
    });
    onConnection(socket);
  });
  host.listen(0, '127.0.0.1');
  await once(host, 'listening');
  port = (host.address() as net.AddressInfo).port;
  const own = outside.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? '127.0.0.1';
  world = await startWorld({
    operator: {
      staticNames: new Map([
        ['tunnel.test', { address: '127.0.0.1', port }],
        ['pypi.test', { address: '127.0.0.1', port }],
        ['loop.test', { address: own, port }],
      ]),
      ceilings: [{ range: '0.0.0.0/0', ports: [port] }],
      caBundles: [],
    },
  });
  const addresses = [{ range: '0.0.0.0/0', port }];
  const domains = [
    domain('tunnel.test', { addresses, transport: 'tunnel' }),
    domain('loop.test', { addresses, transport: 'tunnel' }),
    domain('pypi.test', { addresses }),
  ];
  await world.apply({ attached: { [SCOPE_1]: { domains } } });
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  host.close();
});

let turn = 0;
beforeEach(async () => {
  onConnection = () => {};
  received = '';
  turn += 1;
  await world.openLease(S1, SCOPE_1, turn);
});

const sandbox = () => world.sandbox(S1);
const eventsOfTurn = async (count = 1) =>
  (await world.events(S1, count, (event) => event.turn === turn)).map(({ outcome, code, host, status }) => ({
    outcome,
    code,
    host,
    status,
  }));

test('a host that breaks off before the client begins TLS ends the tunnel at once, with an event', async () => {
  const upstream = new Promise<net.Socket>((resolve) => {
    onConnection = resolve;
  });
  const socket = await sandbox().connect('tunnel.test:443');
  (await upstream).resetAndDestroy();
  await until(() => socket.destroyed, 'the end of the tunnel');
  expect(await eventsOfTurn()).toEqual([
    { outcome: 'blocked', code: 'upstream_protocol', host: 'tunnel.test', status: null },
  ]);
  // Nothing is left that the end of the turn, or of the process, would wait for.
  const started = performance.now();
  await world.control.closeLease(S1, turn);
  expect(performance.now() - started).toBeLessThan(1_500 * contention());
});

test('a client that leaves before it begins TLS was let through nowhere', async () => {
  const socket = await sandbox().connect('tunnel.test:443');
  socket.destroy();
  expect(await eventsOfTurn()).toEqual([
    { outcome: 'blocked', code: 'client_abort', host: 'tunnel.test', status: null },
  ]);
  expect(received).toBe('');
});

test.each(['tunnel.test', 'pypi.test'])('bytes that are no TLS do not go to %s', async (name) => {
  const socket = await sandbox().connect(`${name}:443`);
  socket.write('SSH-2.0-OpenSSH_9.2\r\n');
  await untilClosed(socket, 5_000);
  expect(await eventsOfTurn()).toEqual([{ outcome: 'blocked', code: 'not_tls', host: name, status: null }]);
  expect(received).toBe('');
});

test.each(['tunnel.test', 'pypi.test'])('TLS that names no server does not go to %s', async (name) => {
  await expect(sandbox().tunnel(`${name}:443`, { servername: '' })).rejects.toThrow();
  expect(await eventsOfTurn()).toEqual([{ outcome: 'blocked', code: 'sni_missing', host: name, status: null }]);
  expect(received).toBe('');
});

test('the proxy is not reached through itself', async () => {
  // It listens on no address; what its machine listens on is refused, whatever rules and ceilings say.
  await expect(sandbox().connect('proxy.internal:443')).rejects.toMatchObject({
    answer: { status: 403, error: { code: 'not_allowed' } },
  });
  await expect(sandbox().connect('loop.test:443')).rejects.toMatchObject({
    answer: { status: 403, error: { code: 'address_denied' } },
  });
  const nested = await sandbox().connect('tunnel.test:443');
  nested.write('CONNECT tunnel.test:443 HTTP/1.1\r\nHost: tunnel.test:443\r\n\r\n');
  await untilClosed(nested, 5_000);
  const codes = (await eventsOfTurn(3)).map(({ code }) => code);
  expect(codes.toSorted()).toEqual(['address_denied', 'not_allowed', 'not_tls']);
  expect(received).toBe('');
});
