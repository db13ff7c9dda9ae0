import type { RequestListener, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { CLIENT_LIMITS } from '../../../proxy/listener/clients.ts';
import { refusal, type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1, S2 } from './support/world.ts';

let standard: StandardWorld;
const held: ServerResponse[] = [];
let most = 0;

const onRequest: RequestListener = (request, response) => {
  if (request.url !== '/held') {
    response.end(request.url);
    return;
  }
  held.push(response);
  most = Math.max(most, held.length);
  response.on('close', () => held.splice(held.indexOf(response), 1));
};

beforeEach(async () => {
  most = 0;
  standard = await startStandardWorld({
    onRequest,
    overrides: { limits: { ...CLIENT_LIMITS, connections: 40, requests: 24 } },
  });
});
afterEach(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);
const get = (path: string) => `GET http://plain.test${path} HTTP/1.1\r\nHost: plain.test\r\n\r\n`;

async function heldAre(count: number): Promise<void> {
  while (held.length !== count) await pause(10);
}

test('requests sent ahead of their answers are answered in their order', async () => {
  const paths = Array.from({ length: 10 }, (_, n) => `/${n}`);
  const text = await sandbox().raw(paths.map(get).join(''), { quietMs: 1_000 });
  expect([...text.matchAll(/\r\n\r\n(?:\d\r\n)?(\/\d)/g)].map(([, path]) => path)).toEqual(paths);
});

test('of hundreds of requests on one connection only a few are under way, and the rest is told to wait', async () => {
  const socket = sandbox().open();
  let got = '';
  socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
  socket.write(get('/held').repeat(300));
  await heldAre(16);
  expect((await standard.world.sandbox(S2).request('https://api.a.test/x')).status).toBe(200);
  for (const response of [...held]) response.end('late');
  while (!got.includes('too_many_requests')) await pause(10);
  expect(most).toBe(16);
  expect(got.match(/late/g)).toHaveLength(16);
  const first = refusal(got.slice(got.indexOf('HTTP/1.1 429')).split(/(?<=\n)HTTP\/1\.1/)[0] ?? '');
  expect(first).toEqual({ status: 429, code: 'too_many_requests' });
  expect(got).toMatch(/retry-after: \d/);
  socket.destroy();
  const events = await standard.world.events(S1, 300);
  expect(events.filter(({ outcome }) => outcome === 'forwarded')).toHaveLength(16);
});

test('the connections of one sandbox share its limit of open requests, and long answers leave room for others', async () => {
  const sockets = Array.from({ length: 30 }, () => sandbox().open());
  for (const socket of sockets.slice(0, 24)) socket.write(get('/held'));
  await heldAre(24);
  const refused = await sandbox().raw(get('/x'));
  expect(refusal(refused)).toEqual({ status: 429, code: 'too_many_requests' });
  sockets[0]?.destroy();
  await heldAre(23);
  expect(await sandbox().raw(get('/x'))).toContain('200 OK');
  for (const socket of sockets) socket.destroy();
});
