import type { RequestListener, ServerResponse } from 'node:http';
import type net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { CLIENT_LIMITS } from '../../../proxy/listener/clients.ts';
import { contention } from '../../support/contention.ts';
import { until } from '../../support/until.ts';
import { refusal, type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1 } from './support/world.ts';

const IDLE_MS = 3_000;
const GIVES_WAY_MS = 700;

let standard: StandardWorld;
const held: ServerResponse[] = [];

const onRequest: RequestListener = (request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    if (request.url === '/held') held.push(response);
    else if (request.url === '/large') response.end('x'.repeat(3_000_000));
    else response.end(`${request.method} ${request.url} ${body}`);
  });
};

beforeEach(async () => {
  held.splice(0);
  const limits = { ...CLIENT_LIMITS, tunnels: 3, idleMs: IDLE_MS, givesWayAfterMs: GIVES_WAY_MS };
  standard = await startStandardWorld({ onRequest, overrides: { limits } });
});
afterEach(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);
const WHERE = 'Host: pypi.test\r\n';
const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\n${WHERE}${headers}\r\n`;
const OFFER = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n';

/** All that comes on a socket until it ends. */
function gathered(socket: net.Socket): { text(): string; ended: Promise<void> } {
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { text: () => text, ended };
}

const statusesIn = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
const eventsOf = async (count: number) =>
  (await standard.world.events(S1, count)).map(({ path, code }) => `${path} ${code}`).sort();

test('a client that half-closes after its request gets its answer, plain and in a tunnel', async () => {
  const plain = sandbox().open();
  const one = gathered(plain);
  plain.end('GET http://plain.test/x HTTP/1.1\r\nHost: plain.test\r\n\r\n');
  const inside = await sandbox().tunnel('pypi.test:443');
  const two = gathered(inside);
  inside.end(get('/y'));
  await Promise.all([one.ended, two.ended]);
  expect(one.text()).toContain('GET /x');
  expect(two.text()).toContain('GET /y');
});

test('a client that half-closes gets all its answers, also a late one', async () => {
  const socket = await sandbox().tunnel('pypi.test:443');
  const all = gathered(socket);
  socket.end(get('/a') + get('/held') + get('/b'));
  await until(() => held.length === 1, 'the held request');
  await pause(1_000);
  held[0]?.end('late');
  await all.ended;
  expect(statusesIn(all.text())).toEqual([200, 200, 200]);
  expect(all.text()).toContain('late');
  expect(await eventsOf(3)).toEqual(['/a domain_entry', '/b domain_entry', '/held domain_entry']);
});

test('a client that goes away while it waits for its answer is noticed in seconds', async () => {
  const socket = await sandbox().tunnel('pypi.test:443');
  socket.write(get('/held'));
  await until(() => held.length === 1, 'the held request');
  let isOver = false;
  held[0]?.on('close', () => {
    isOver = true;
  });
  socket.destroy();
  await until(() => isOver, 'the end of the request', 5_000);
  expect(await eventsOf(1)).toEqual(['/held client_abort']);
});

test('a client that half-closes and waits for long still gets its answer', async () => {
  const plain = sandbox().open();
  const all = gathered(plain);
  plain.end('GET http://plain.test/held HTTP/1.1\r\nHost: plain.test\r\n\r\n');
  await until(() => held.length === 1, 'the held request');
  await pause(5_000);
  held[0]?.end('late');
  await all.ended;
  // Interim answers ask whether the client is still there. Every client throws them away.
  expect(statusesIn(all.text())).toEqual([100, 100, 200]);
  expect(all.text()).toContain('late');
});

test('a client that half-closes gets the whole of a large answer', async () => {
  const socket = await sandbox().tunnel('pypi.test:443');
  const all = gathered(socket);
  socket.end(get('/large'));
  await all.ended;
  expect(all.text()).toHaveLength(all.text().indexOf('\r\n\r\n') + 4 + 3_000_000);
});

test('a client that goes away in the middle of a silent answer is noticed within a second', async () => {
  const socket = await sandbox().tunnel('pypi.test:443');
  socket.write(get('/held'));
  await until(() => held.length === 1, 'the held request');
  held[0]?.write('begun\n');
  let isOver = false;
  held[0]?.on('close', () => (isOver = true));
  await new Promise((resolve) => socket.once('data', resolve));
  const left = Date.now();
  socket.destroy();
  await until(() => isOver, 'the end of the request');
  expect(Date.now() - left).toBeLessThan(1_000 * contention());
  expect(await eventsOf(1)).toEqual(['/held client_abort']);
});

test.each([
  ['a request', get('/b')],
  ['a request with a body', `POST /b HTTP/1.1\r\n${WHERE}Content-Length: 2\r\n\r\nhi`],
  ['a second offer', get('/b', OFFER)],
])('%s behind an offer of another protocol in the same segment is answered and recorded', async (_what, second) => {
  const text = await sandbox().rawInside('pypi.test:443', get('/a', OFFER) + second + get('/c'), { quietMs: 1_000 });
  expect(statusesIn(text)).toEqual([200, 200, 200]);
  expect(await eventsOf(3)).toEqual(['/a domain_entry', '/b domain_entry', '/c domain_entry']);
  expect(standard.origin.received('pypi.test').toLowerCase()).not.toContain('upgrade');
});

test('an offer of another protocol keeps its body, and waits for the answers before it', async () => {
  const offer = `POST /b HTTP/1.1\r\n${WHERE}${OFFER}Content-Length: 4\r\n\r\nbody`;
  const socket = await sandbox().tunnel('pypi.test:443');
  const all = gathered(socket);
  socket.write(get('/held') + offer + get('/c'));
  await until(() => held.length === 1, 'the held request');
  // More than the buffers take, so that it must be told to go on when the client reads.
  socket.pause();
  held[0]?.end('x'.repeat(4_000_000));
  await pause(300);
  socket.resume();
  await until(() => statusesIn(all.text()).length === 3, 'three answers');
  expect(all.text()).toContain('POST /b body');
  socket.destroy();
});

test('a WebSocket offer is refused with a reason, and the request behind it is answered', async () => {
  const offer = get('/a', 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n');
  const text = await sandbox().rawInside('pypi.test:443', offer + get('/b'), { quietMs: 1_000 });
  expect(statusesIn(text)).toEqual([403, 200]);
  expect(await eventsOf(2)).toEqual(['/a upgrade_not_supported', '/b domain_entry']);
});

test.each([
  ['a malformed request', 'GET /b HTTP/1.1\nbroken\n\n', 'bad_request'],
  ['a malformed length', `POST /b HTTP/1.1\r\n${WHERE}Content-Length: +1\r\n\r\na`, 'bad_framing'],
  ['a CONNECT', 'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n', 'bad_request'],
])('%s behind valid ones leaves them their answers, and its own refusal comes last', async (_what, bad, code) => {
  const socket = await sandbox().tunnel('pypi.test:443');
  const all = gathered(socket);
  socket.write(get('/large') + get('/held') + bad + get('/smuggled'));
  await until(() => held.length === 1, 'the held request');
  socket.pause();
  await pause(300);
  held[0]?.end('late');
  socket.resume();
  await all.ended;
  expect(statusesIn(all.text())).toEqual([200, 200, 400]);
  expect(refusal(all.text().slice(all.text().lastIndexOf('HTTP/1.1'))).code).toBe(code);
  expect(standard.origin.received('pypi.test')).not.toContain('smuggled');
  expect(await standard.world.events(S1, 3)).toHaveLength(3);
});

test('half a request behind a valid one, and then the end, leaves the valid one its answer', async () => {
  const socket = await sandbox().tunnel('pypi.test:443');
  const all = gathered(socket);
  socket.end(`${get('/a')}GET /b HTTP/1.1\r\nHo`);
  await all.ended;
  expect(statusesIn(all.text())).toEqual([200]);
  expect(await eventsOf(1)).toEqual(['/a domain_entry']);
});

test('half a body behind a valid request, and then the end, leaves the valid one its answer', async () => {
  const socket = await sandbox().tunnel('pypi.test:443');
  const all = gathered(socket);
  socket.end(`${get('/held')}POST /b HTTP/1.1\r\n${WHERE}Content-Length: 10\r\n\r\nhalf`);
  await until(() => held.length === 1, 'the held request');
  held[0]?.end('late');
  await all.ended;
  expect(statusesIn(all.text())).toEqual([200, 400]);
});

test('a tunnel stays open while it is idle, and is closed at the limit', async () => {
  expect(CLIENT_LIMITS.idleMs).toBe(5 * 60_000);
  const socket = await sandbox().tunnel('pypi.test:443');
  const all = gathered(socket);
  socket.write(get('/a'));
  await until(() => all.text().includes('GET /a'), 'the first answer');
  await pause(IDLE_MS - 1_000);
  const asked = Date.now();
  socket.write(get('/b'));
  await until(() => all.text().includes('GET /b'), 'the second answer');
  await all.ended;
  expect(Date.now() - asked).toBeGreaterThan(IDLE_MS - 500);
});

test('a tunnel may be opened long before its first request', async () => {
  await using other = await startStandardWorld({ onRequest });
  const socket = await other.world.sandbox(S1).tunnel('pypi.test:443');
  const all = gathered(socket);
  // Longer than a client may take for the head of a request.
  await pause(17_000);
  socket.write(get('/a'));
  await until(() => all.text().includes('GET /a'), 'the answer');
  socket.destroy();
  expect((await other.world.events(S1, 1)).map(({ code }) => code)).toEqual(['domain_entry']);
});

test('a tunnel that is never used is closed at the limit', async () => {
  const socket = await sandbox().tunnel('pypi.test:443');
  const opened = Date.now();
  await gathered(socket).ended;
  expect(Date.now() - opened).toBeGreaterThan(IDLE_MS - 500);
  expect(await eventsOf(0)).toEqual([]);
});

test('tunnels that have been idle for long give way to new ones, the longest idle first', async () => {
  const tunnels: net.Socket[] = [];
  for (const path of ['/1', '/2', '/3']) {
    const socket = await sandbox().tunnel('pypi.test:443');
    const all = gathered(socket);
    socket.write(get(path));
    await until(() => all.text().includes(`GET ${path}`), 'an answer');
    tunnels.push(socket);
  }
  // They were busy a moment ago, so none gives way.
  expect((await sandbox().request('https://pypi.test/4')).error?.code).toBe('too_many_tunnels');
  await pause(GIVES_WAY_MS + 100);
  expect((await sandbox().request('https://pypi.test/5')).status).toBe(200);
  await until(() => tunnels[0]?.destroyed === true, 'the end of the first tunnel');
  expect(tunnels.slice(1).map(({ destroyed }) => destroyed)).toEqual([false, false]);
  for (const tunnel of tunnels) tunnel.destroy();
});

test('a tunnel with a request under way gives way to nobody', async () => {
  const tunnels = await Promise.all(Array.from({ length: 3 }, () => sandbox().tunnel('pypi.test:443')));
  for (const tunnel of tunnels) tunnel.write(get('/held'));
  await until(() => held.length === 3, 'three held requests');
  await pause(GIVES_WAY_MS + 100);
  expect((await sandbox().request('https://pypi.test/4')).error?.code).toBe('too_many_tunnels');
  for (const tunnel of tunnels) tunnel.destroy();
});
