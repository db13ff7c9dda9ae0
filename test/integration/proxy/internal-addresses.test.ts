import net from 'node:net';
import { type Origin, startOrigin } from './support/origin.ts';
import { createTestAuthority } from './support/test-authority.ts';
import { domain, S1, SCOPE_1, startWorld, type World } from './support/world.ts';

/** Addresses and names of the inside that the sandbox has no business to know. */
const PRIVATE = '10.77.1.9';
const INSIDE_NAME = 'db-7.corp.internal';

let world: World;
let impostor: Origin;
let closedPort: number;
/** Accept connections and never get to TLS: one says nothing, one hangs up at the first byte. */
let mute: net.Server;
let hangsUp: net.Server;

async function listening(onConnection: (socket: net.Socket) => void): Promise<[net.Server, number]> {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return [server, (server.address() as net.AddressInfo).port];
}

beforeAll(async () => {
  const authority = await createTestAuthority();
  // Its certificate is good, but for the name of another machine.
  impostor = await startOrigin({ authority, hosts: ['tls.test'], issue: () => authority.issue(INSIDE_NAME) });
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closedPort = (server.address() as net.AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
  const [muteServer, mutePort] = await listening(() => {});
  const [hangsUpServer, hangsUpPort] = await listening((socket) => socket.once('data', () => socket.destroy()));
  [mute, hangsUp] = [muteServer, hangsUpServer];
  world = await startWorld({
    resolve: async (host) => [host.startsWith('private') ? PRIVATE : '127.0.0.1'],
    operator: {
      staticNames: new Map([
        ['closed.test', { address: '127.0.0.1', port: closedPort }],
        ['closed-tunnel.test', { address: '127.0.0.1', port: closedPort }],
        ['tls.test', { address: '127.0.0.1', port: impostor.port }],
        ['mute.test', { address: '127.0.0.1', port: mutePort }],
        ['hangs-up.test', { address: '127.0.0.1', port: hangsUpPort }],
        ['own.test', { address: '127.0.0.1', port: 5_432 }],
      ]),
      ceilings: [{ range: '127.0.0.0/8', ports: [closedPort, impostor.port, mutePort, hangsUpPort] }],
      caBundles: [authority.pem],
    },
    own: [{ address: '127.0.0.1', port: 5_432 }],
    // The refusals of this file fit in, and a slow machine still asks faster than they come back.
    denials: { perSecond: 5, burst: 30 },
  });
  const open = [closedPort, impostor.port, mutePort, hangsUpPort].map((port) => ({ range: '127.0.0.0/8', port }));
  await world.apply({
    attached: {
      [SCOPE_1]: {
        domains: [
          domain('private.test'),
          domain('private-plain.test', { scheme: 'http', port: 80 }),
          domain('private-tunnel.test', { transport: 'tunnel' }),
          domain('closed.test', { addresses: open }),
          domain('closed-tunnel.test', { addresses: open, transport: 'tunnel' }),
          domain('tls.test', { addresses: open }),
          domain('mute.test', { addresses: open }),
          domain('hangs-up.test', { addresses: open }),
          domain('own.test', { addresses: open }),
        ],
      },
    },
  });
  await world.openLease(S1, SCOPE_1);
});

afterAll(async () => {
  await world[Symbol.asyncDispose]();
  await impostor[Symbol.asyncDispose]();
  mute.close();
  hangsUp.close();
});

test.each([
  ['a name that leads to a private address', 'https://private.test/', 'address_denied', PRIVATE],
  ['the same without TLS', 'http://private-plain.test/', 'address_denied', PRIVATE],
  ['the same in a blind tunnel', 'https://private-tunnel.test/', 'address_denied', PRIVATE],
  ["a name that leads to Bellhop's own service", 'https://own.test/', 'address_denied', '127.0.0.1:5432'],
  ['a host that accepts no connection', 'https://closed.test/', 'connect', '127.0.0.1:'],
  ['the same in a blind tunnel', 'https://closed-tunnel.test/', 'connect', '127.0.0.1:'],
  ['a host that hangs up before TLS stands', 'https://hangs-up.test/', 'connect', '127.0.0.1:'],
  ['a certificate for another name', 'https://tls.test/', 'upstream_tls', INSIDE_NAME],
])('where %s leads is in the event, and the sandbox is not told', async (_what, url, code, inside) => {
  const before = world.sandbox(S1).received().length;
  const answer = await world.sandbox(S1).request(url);
  expect(answer.error?.code).toBe(code);
  const page = await world.sandbox(S1).request('http://proxy.internal/status');
  expect(page.text).toContain(code);

  const told = world.sandbox(S1).received().subarray(before).toString();
  for (const secret of [
    PRIVATE,
    INSIDE_NAME,
    '127.0.0.1',
    `:${closedPort}`,
    String(impostor.port),
    '5432',
    "Bellhop's",
  ]) {
    expect(told).not.toContain(secret);
  }
  const { hostname } = new URL(url);
  const [event] = await world.events(S1, 1, ({ host }) => host === hostname);
  expect(event?.reason).toContain(inside);
});

test('an answer that is held back because there were too many refusals does not tell it either', async () => {
  const before = world.sandbox(S1).received().length;
  const ask = () =>
    world.sandbox(S1).raw('GET http://private-plain.test/ HTTP/1.1\r\nHost: private-plain.test\r\n\r\n');
  let isHeld = false;
  for (let n = 0; n < 10 && !isHeld; n += 1) {
    const answers = await Promise.all(Array.from({ length: 50 }, ask));
    isHeld = answers.some((answer) => answer.includes('too_many_denials'));
  }
  expect(isHeld).toBe(true);
  expect(world.sandbox(S1).received().subarray(before).toString()).not.toContain(PRIVATE);
});

test('a host that accepts a connection and then says nothing is told as one that is away', async () => {
  const answer = await world.sandbox(S1).request('https://mute.test/');
  expect(answer).toMatchObject({ status: 502, error: { code: 'connect', retry: true, rule: null } });
  expect(answer.error?.message).toBe('mute.test:443 accepted a connection and did not begin TLS (ETIMEDOUT).');
  const [event] = await world.events(S1, 1, ({ host }) => host === 'mute.test');
  expect(event).toMatchObject({ outcome: 'blocked', code: 'connect', rule: 'mute.test', status: 502 });
}, 30_000);
