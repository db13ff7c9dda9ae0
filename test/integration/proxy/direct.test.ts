import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { until } from '../../support/until.ts';
import { createDirectClient, hello } from './support/direct-client.ts';
import { untilClosed } from './support/sandbox.ts';
import { refusal, type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1, SCOPE_1, SECRET } from './support/world.ts';

let standard: StandardWorld;
const { open, raw, secure, ask } = createDirectClient(() => standard.world.folder);
let turn = 0;

beforeAll(async () => {
  standard = await startStandardWorld({
    onRequest(request, response) {
      let bytes = 0;
      request.on('data', (chunk: Buffer) => (bytes += chunk.length));
      request.on('end', () => response.end(`${request.method} ${request.headers.host}${request.url} ${bytes}`));
    },
  });
});
afterAll(() => standard[Symbol.asyncDispose]());
beforeEach(async () => {
  turn += 1;
  standard.origin.forget();
  await standard.world.openLease(S1, SCOPE_1, turn);
});

async function events(count: number) {
  const all = await standard.world.events(S1, count, (event) => event.turn === turn);
  return all.map(({ outcome, code, method, scheme, host, port, transport, status }) => {
    return `${outcome} ${code} ${method} ${scheme}://${host}:${port} ${transport} ${status}`;
  });
}

test('https to a connection takes its credential, and a domain entry takes none', async () => {
  expect(await ask('api.a.test')).toEqual({ status: 200, text: 'GET api.a.test/x 0' });
  expect(await ask('pypi.test')).toEqual({ status: 200, text: 'GET pypi.test/x 0' });
  expect(standard.origin.received('api.a.test')).toContain(SECRET);
  expect(standard.origin.received('pypi.test')).not.toContain(SECRET);
  expect((await events(2)).toSorted()).toEqual([
    'forwarded domain_entry GET https://pypi.test:443 intercept 200',
    'injected connection GET https://api.a.test:443 intercept 200',
  ]);
});

test('plain http goes where its Host header says', async () => {
  const request = (target: string) => `GET ${target} HTTP/1.1\r\nHost: plain.test\r\n\r\n`;
  const text = await raw(request('/one') + request('/two?a=1'));
  expect(text.match(/GET plain\.test\/[a-z?=1]+ 0/g)).toEqual(['GET plain.test/one 0', 'GET plain.test/two?a=1 0']);
  expect(await events(2)).toEqual(Array(2).fill('forwarded domain_entry GET http://plain.test:80 plain 200'));
});

test('one connection may ask several hosts by plain http, and each is judged by itself', async () => {
  const text = await raw(
    ['plain.test', 'evil.test', 'plain.test:80'].map((host) => `GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`).join(''),
  );
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403', 'HTTP/1.1 200']);
  expect((await events(3)).toSorted()).toEqual([
    'blocked not_allowed GET http://evil.test:80 plain 403',
    'forwarded domain_entry GET http://plain.test:80 plain 200',
    'forwarded domain_entry GET http://plain.test:80 plain 200',
  ]);
});

test('a blind tunnel begins with the very bytes of the client, and its host sees them', async () => {
  const answer = await ask('tunnel.test', { ca: standard.authority.pem });
  expect(answer).toEqual({ status: 200, text: 'GET tunnel.test/x 0' });
  expect(await events(1)).toEqual(['forwarded domain_entry CONNECT https://tunnel.test:443 tunnel 200']);
});

test('large bodies pass both ways, whole', async () => {
  const body = Buffer.alloc(5_000_000, 'x');
  expect((await ask('pypi.test', { method: 'PUT', body })).text).toBe('PUT pypi.test/x 5000000');
  const head = `PUT /big HTTP/1.1\r\nHost: plain.test\r\nContent-Length: ${body.length}\r\n\r\n`;
  expect(await raw(Buffer.concat([Buffer.from(head), body]), 5_000)).toContain('PUT plain.test/big 5000000');
});

test('a refused host is told why inside TLS, is looked up by nobody, and is recorded like a refused CONNECT', async () => {
  const before = standard.world.dialled.length;
  const answer = await ask('nowhere.test', { method: 'POST', body: Buffer.alloc(300_000) });
  expect(answer.status).toBe(403);
  expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'not_allowed', host: 'nowhere.test', port: 443 } });
  expect(standard.world.dialled).toHaveLength(before);
  expect(await events(1)).toEqual(['blocked not_allowed CONNECT https://nowhere.test:443 intercept 403']);
});

test('a refused host is recorded as such also when the client wants no certificate of ours, or no HTTP/1.1', async () => {
  await expect(ask('nowhere.test', { ca: standard.authority.pem })).rejects.toThrow();
  await expect(ask('nowhere.test', { alpn: ['h2'] })).rejects.toMatchObject({
    code: 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL',
  });
  expect(await events(2)).toEqual(Array(2).fill('blocked not_allowed CONNECT https://nowhere.test:443 intercept 403'));
});

test('a host that is allowed and cannot be reached is told inside TLS too', async () => {
  const { world, policy } = standard;
  const gone = { id: 'gone.test', host: 'gone.test', transport: 'tunnel' } as const;
  const pypi = policy.attached?.[SCOPE_1]?.domains?.[0];
  if (!pypi) throw new Error('no domain entry');
  await world.apply({ attached: { [SCOPE_1]: { domains: [{ ...pypi, ...gone }] } } });
  try {
    const answer = await ask('gone.test');
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'dns', retry: true } });
    expect(await events(1)).toEqual(['blocked dns CONNECT https://gone.test:443 tunnel 502']);
  } finally {
    await world.apply(policy);
  }
});

test('a path that the rules forbid is refused inside the tunnel, as ever', async () => {
  const { world, policy } = standard;
  const guardrail = {
    id: 'no-admin',
    host: 'pypi.test',
    port: null,
    methods: [],
    paths: ['/admin'],
    reason: 'closed',
    line: 0,
  };
  await world.apply({ ...policy, guardrails: [guardrail] });
  try {
    expect((await ask('pypi.test', { path: '/admin' })).status).toBe(403);
    expect((await ask('pypi.test')).status).toBe(200);
  } finally {
    await world.apply(policy);
  }
});

const UNRECOGNIZED_NAME = '\x15\x03\x03\x00\x02\x02\x70';

test('TLS without a server name is refused with an alert that clients name, and with an event', async () => {
  await expect(secure('api.a.test', { servername: '' })).rejects.toMatchObject({
    code: 'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
  });
  expect(await raw(await hello(''))).toBe(UNRECOGNIZED_NAME);
  expect(await events(2)).toEqual(Array(2).fill('blocked sni_missing CONNECT https://:443 intercept null'));
});

test.each([
  ['an address', '127.0.0.1', 'address_literal'],
  ['a name with a port', 'api.a.test:8443', 'bad_authority'],
  ['a name with a path', 'api.a.test/x', 'bad_authority'],
  ['a name with a line break', 'api.a.test\r\nx', 'bad_authority'],
  ['a name beyond the letters of host names', 'api.\xe4.test', 'bad_authority'],
  ['a pattern', '*.w.test', 'bad_authority'],
])('%s as the server name goes nowhere', async (_name, servername, code) => {
  const plain = await hello('x'.repeat(servername.length));
  const at = plain.indexOf('x'.repeat(servername.length));
  plain.write(servername, at, 'latin1');
  expect(await raw(plain)).toBe(UNRECOGNIZED_NAME);
  expect((await events(1))[0]).toMatch(new RegExp(`^blocked ${code} CONNECT https://.* intercept null$`));
  expect(standard.origin.received()).toBe('');
});

test.each([
  ['another host', 'evil.test', 421, 'host_mismatch'],
  ['another port', 'api.a.test:80', 421, 'host_mismatch'],
])('inside TLS a Host header that names %s is refused', async (_name, host, status, code) => {
  const socket = await secure('api.a.test');
  socket.write(`GET /x HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  expect(refusal(await untilClosed(socket, 1_000))).toEqual({ status, code });
  socket.destroy();
});

test.each([
  ['a request without a Host header', 'GET / HTTP/1.1\r\n\r\n', 400, 'bad_host'],
  ['two Host headers', 'GET / HTTP/1.1\r\nHost: plain.test\r\nHost: evil.test\r\n\r\n', 400, 'bad_host'],
  ['an address as the host', 'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n', 403, 'address_literal'],
  ['the address that all names have', 'GET / HTTP/1.1\r\nHost: 127.100.0.1\r\n\r\n', 403, 'address_literal'],
  ['another port', 'GET / HTTP/1.1\r\nHost: plain.test:8080\r\n\r\n', 400, 'not_proxied'],
  ['plain http on the port of https', 'GET / HTTP/1.1\r\nHost: pypi.test:443\r\n\r\n', 400, 'not_proxied'],
  ['a whole URL', 'GET http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n', 400, 'bad_path'],
  ['a whole URL of another host', 'GET http://evil.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n', 400, 'bad_path'],
  ['CONNECT', 'CONNECT pypi.test:443 HTTP/1.1\r\nHost: pypi.test:443\r\n\r\n', 400, 'bad_request'],
  ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: plain.test\r\n\r\n', 400, 'bad_request'],
  ['a host with a user', 'GET / HTTP/1.1\r\nHost: plain.test@evil.test\r\n\r\n', 400, 'bad_authority'],
  ['SSH', 'SSH-2.0-OpenSSH_9.2\r\n', 400, 'bad_request'],
  ['HTTP/2 without TLS', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'bad_request'],
  ['a header of the PROXY protocol', 'PROXY TCP4 1.2.3.4 5.6.7.8 1 443\r\n\r\n', 400, 'bad_request'],
  ['zeros', '\0'.repeat(64), 400, 'bad_request'],
])('%s without TLS is refused in words, and nothing leaves', async (_name, bytes, status, code) => {
  expect(refusal(await raw(bytes))).toEqual({ status, code });
  expect(await events(1)).toEqual([expect.stringContaining(`blocked ${code} `)]);
  expect(standard.origin.received()).toBe('');
});

test('TLS on the proxy socket, and a proxied request on the direct one, gain nothing', async () => {
  const proxied = net.connect(path.join(standard.world.folder, 'run', S1, 'proxy.sock')).on('error', () => {});
  proxied.write(await hello('api.a.test'));
  expect(refusal(await untilClosed(proxied, 1_000))).toEqual({ status: 400, code: 'bad_request' });
  proxied.destroy();
  expect(await events(1)).toEqual([expect.stringContaining('blocked bad_request ')]);
  expect(standard.origin.received()).toBe('');
});

test("the proxy's own page is there without proxy settings", async () => {
  expect(await raw('GET /status HTTP/1.1\r\nHost: proxy.internal\r\n\r\n')).toContain(`"turn":${turn}`);
});

test('between turns nothing is let through, and the client is told so', async () => {
  const open = await secure('pypi.test');
  const closed = once(open, 'close');
  await standard.world.control.closeLease(S1, turn);
  standard.world.stopBeating(S1);
  await closed;
  const answer = await ask('pypi.test');
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.text)).toMatchObject({ error: { code: 'no_lease' } });
  expect(refusal(await raw('GET / HTTP/1.1\r\nHost: plain.test\r\n\r\n'))).toEqual({ status: 503, code: 'no_lease' });
  expect(standard.origin.received()).toBe('');
});

test('a connection of an earlier turn is closed with it, tunnels too', async () => {
  const sockets = [await secure('pypi.test'), await secure('tunnel.test', { ca: standard.authority.pem })];
  const closed = Promise.all(sockets.map((socket) => once(socket, 'close')));
  await standard.world.control.closeLease(S1, turn);
  await closed;
});

test('a change of the rules ends a blind tunnel, and requests inside an open one are judged anew', async () => {
  const { world, policy } = standard;
  const tunnel = await secure('tunnel.test', { ca: standard.authority.pem });
  const inside = await secure('pypi.test');
  await world.apply({});
  try {
    await once(tunnel, 'close');
    inside.write('GET /x HTTP/1.1\r\nHost: pypi.test\r\n\r\n');
    expect(refusal(await untilClosed(inside, 1_000))).toEqual({ status: 403, code: 'not_allowed' });
    inside.destroy();
  } finally {
    await world.apply(policy);
  }
});

test('a client that says nothing, or only half a greeting, or leaves, keeps nothing open', async () => {
  const greeting = await hello('api.a.test');
  const sockets = [greeting.subarray(0, 1), greeting.subarray(0, 100), Buffer.from('G')].map((bytes) => {
    const socket = open().resume();
    socket.write(bytes);
    return socket;
  });
  const silent = open().resume();
  const ended = open().resume();
  ended.end();
  await until(() => ended.destroyed || ended.readableEnded, 'the end of the one that left', 5_000);
  await until(() => sockets.every((socket) => socket.destroyed), 'the end of the unfinished ones', 25_000);
  await until(() => silent.destroyed, 'the end of the silent one', 25_000);
  expect((await events(3)).toSorted()).toEqual([
    'blocked client_hello_timeout CONNECT https://:443 intercept null',
    'blocked client_hello_timeout CONNECT https://:443 intercept null',
    expect.stringContaining('blocked header_timeout '),
  ]);
}, 60_000);

test('refusals by many names are told in words first, and then by an alert, without a certificate for each', async () => {
  const told: string[] = [];
  for (let n = 0; n < 40; n += 1) {
    told.push(
      await ask(`data${n}.evil.example`).then(
        ({ status }) => String(status),
        (error: { code: string }) => error.code,
      ),
    );
  }
  expect(told.filter((each) => each === '403').length).toBeGreaterThanOrEqual(15);
  expect(told.at(-1)).toBe('ERR_SSL_TLSV1_ALERT_ACCESS_DENIED');
  expect(await events(40)).toHaveLength(40);
  // What is allowed goes on as before.
  expect((await ask('pypi.test')).status).toBe(200);
}, 60_000);

test('the limits of open connections are those of one sandbox over both of its sockets', async () => {
  const sockets = Array.from({ length: 300 }, () => open());
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const text = await raw('GET / HTTP/1.1\r\nHost: plain.test\r\n\r\n');
  expect(refusal(text)).toEqual({ status: 429, code: 'too_many_connections' });
  expect((await standard.world.sandbox(S1).request('http://plain.test/')).status).toBe(429);
  for (const socket of sockets) socket.destroy();
  await until(async () => (await standard.world.sandbox(S1).request('http://plain.test/')).status === 200, 'room');
});
