import type { RequestListener } from 'node:http';
import type { Socket } from 'node:net';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1 } from './support/world.ts';

/** What the host does with a request on a connection that has served one before, or with every request. */
type Manner = 'answers' | 'closes' | 'resets' | 'begins' | 'closes after the body' | 'never answers';

let standard: StandardWorld;
let manner: Manner = 'answers';
/** Each request that the host read, with the number of requests its connection had served before. */
const seen: { method: string; served: number; body: string }[] = [];
const served = new WeakMap<Socket, number>();

const onRequest: RequestListener = (request, response) => {
  const { socket } = request;
  const before = served.get(socket) ?? 0;
  served.set(socket, before + 1);
  const one = { method: request.method ?? '', served: before, body: '' };
  seen.push(one);
  if (manner === 'never answers') return void socket.end();
  if (before > 0 && manner === 'closes') return void socket.end();
  if (before > 0 && manner === 'resets') return void socket.destroy();
  if (before > 0 && manner === 'begins') return void socket.end('HTTP/1.1 200 O');
  request.on('data', (chunk: Buffer) => (one.body += chunk.toString()));
  request.on('end', () => {
    if (before > 0 && manner === 'closes after the body') socket.destroy();
    else response.end(`${request.method} ${one.body}`);
  });
};

beforeEach(async () => {
  seen.splice(0);
  manner = 'answers';
  standard = await startStandardWorld({ onRequest });
});
afterEach(() => standard[Symbol.asyncDispose]());

const ask = (options: { method?: string; body?: string; headers?: Record<string, string> } = {}) =>
  standard.world.sandbox(S1).request('https://pypi.test/x', options);

/** A first request, whose connection to the host is kept. */
async function keptConnection(): Promise<void> {
  expect((await ask()).status).toBe(200);
  seen.splice(0);
}

test.each(['closes', 'resets'] as const)(
  'a request is sent once more on a new connection when the host %s the kept one without an answer',
  async (how) => {
    await keptConnection();
    manner = how;
    const answer = await ask();
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 200, text: 'GET ' });
    expect(seen.map((each) => each.served)).toEqual([1, 0]);
    const events = await standard.world.events(S1, 2);
    expect(events.map(({ outcome, status }) => `${outcome} ${status}`)).toEqual(['forwarded 200', 'forwarded 200']);
  },
);

test('the second attempt carries the credential and a small body again', async () => {
  const send = () =>
    standard.world.sandbox(S1).request('https://api.a.test/x', { method: 'PUT', body: 'a small body' });
  expect((await send()).text).toBe('PUT a small body');
  manner = 'closes after the body';
  expect((await send()).text).toBe('PUT a small body');
  expect(seen.map(({ served, body }) => `${served} ${body}`)).toEqual([
    '0 a small body',
    '1 a small body',
    '0 a small body',
  ]);
  expect(standard.origin.received('api.a.test').match(/authorization: Bearer/g)).toHaveLength(3);
});

test('a body that came in pieces is sent again whole, the pieces after the break included', async () => {
  await keptConnection();
  manner = 'closes';
  const inside = await standard.world.sandbox(S1).tunnel('pypi.test:443');
  let got = '';
  inside.on('data', (chunk: Buffer) => (got += chunk.toString()));
  inside.write('PUT /x HTTP/1.1\r\nHost: pypi.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
  while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  inside.write('3\r\ntwo\r\n0\r\n\r\n');
  while (!got.includes('PUT onetwo')) await new Promise((resolve) => setTimeout(resolve, 5));
  inside.destroy();
});

test.each([
  ['POST', 'closes', undefined],
  ['PATCH', 'resets', undefined],
  ['PUT', 'closes after the body', 'x'.repeat(1_000_000)],
  ['GET', 'begins', undefined],
] as const)('a %s to a host that %s is not sent twice, and the client is told', async (method, how, body) => {
  await keptConnection();
  manner = how;
  const answer = await ask({ method, ...(body ? { body } : {}) });
  expect({ status: answer.status, code: answer.error?.code }).toEqual({ status: 502, code: 'upstream_protocol' });
  expect(seen).toHaveLength(1);
});

test('a request on a new connection is not sent twice', async () => {
  manner = 'never answers';
  expect(await ask()).toMatchObject({ status: 502, error: { code: 'upstream_protocol' } });
  expect(seen).toHaveLength(1);
});

test('a second attempt that gets no answer either is the last one', async () => {
  await keptConnection();
  manner = 'never answers';
  expect(await ask()).toMatchObject({ status: 502, error: { code: 'upstream_protocol' } });
  expect(seen.map((each) => each.served)).toEqual([1, 0]);
});
