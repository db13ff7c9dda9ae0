import { refusal, type StandardWorld, startStandardWorld, underInvariants } from './support/standard-world.ts';
import { S1, SECRET } from './support/world.ts';

let standard: StandardWorld;
beforeAll(async () => {
  standard = await startStandardWorld();
});
afterAll(() => standard[Symbol.asyncDispose]());

const HOST = 'Host: api.a.test\r\n';
const post = (headers: string, body = '') => `POST /x HTTP/1.1\r\n${HOST}${headers}\r\n${body}`;
const get = (headers: string, target = '/x') => `GET ${target} HTTP/1.1\r\n${HOST}${headers}\r\n`;

test.each<[string, string | Buffer, number]>([
  [
    'Content-Length before Transfer-Encoding',
    post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    400,
  ],
  [
    'Transfer-Encoding before Content-Length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', '0\r\n\r\n'),
    400,
  ],
  ['two equal lengths', post('Content-Length: 1\r\nContent-Length: 1\r\n', 'a'), 400],
  ['two different lengths', post('Content-Length: 1\r\nContent-Length: 2\r\n', 'ab'), 400],
  ['a length with a sign', post('Content-Length: +1\r\n', 'a'), 400],
  ['a list of lengths', post('Content-Length: 1,1\r\n', 'a'), 400],
  ['a hexadecimal length', post('Content-Length: 0x1\r\n', 'a'), 400],
  ['a length of 2^64', post('Content-Length: 18446744073709551616\r\n', 'a'), 400],
  ['a length of 2^53', post('Content-Length: 9007199254740993\r\n', 'a'), 400],
  ['an unknown transfer coding', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 400],
  ['chunked twice', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'), 400],
  ['a coding that is not last', post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'), 400],
  ['bare line feeds', `GET /x HTTP/1.1\nHost: api.a.test\n\n`, 400],
  ['a bare carriage return in a value', get('X-A: a\rb\r\n'), 400],
  ['a folded header', get('X-A: a\r\n b\r\n'), 400],
  ['a NUL in a value', get('X-A: a\0b\r\n'), 400],
  ['a NUL in a name', get('X\0A: ab\r\n'), 400],
  ['a space before the colon', get('X-A : a\r\n'), 400],
  ['a header without a name', get(': a\r\n'), 400],
  ['two Host headers', get('Host: evil.test\r\n'), 400],
  ['no Host header', 'GET /x HTTP/1.1\r\n\r\n', 400],
  ['HTTP/1.0', 'GET /x HTTP/1.0\r\nHost: api.a.test\r\n\r\n', 400],
  ['HTTP/1.0 without Host', 'GET /x HTTP/1.0\r\n\r\n', 400],
  ['a line of HTTP/0.9', 'GET /x\r\n\r\n', 400],
  ['HTTP/1.2', 'GET /x HTTP/1.2\r\nHost: api.a.test\r\n\r\n', 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['an unknown method', `FOO /x HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a header of 20 KB', get(`X-A: ${'a'.repeat(20_000)}\r\n`), 431],
  ['a cookie of 70 KB', get(`Cookie: ${'a'.repeat(70_000)}\r\n`), 431],
  ['a head of 200 KB', get(`X-A: ${'a'.repeat(200_000)}\r\n`), 431],
  ['a thousand headers', get('X-A: a\r\n'.repeat(1_000)), 431],
  ['a path of 10 KiB', get('', `/${'a'.repeat(10_240)}`), 414],
  ['a query of 100 KiB', get('', `/?${'a'.repeat(102_400)}`), 400],
  ['a target in absolute form', get('', 'https://api.a.test/x'), 400],
  ['a target that is another authority', get('', 'evil.test:443'), 400],
  ['the asterisk', `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['an unknown expectation', get('Expect: 200-ok\r\n'), 417],
])('%s inside a tunnel is answered with an error and the connection closes', async (name, bytes, status) => {
  standard.origin.forget();
  const text = await underInvariants(standard, () => standard.world.sandbox(S1).rawInside('api.a.test:443', bytes));
  const answer = refusal(text);
  expect(answer).toEqual({ status, code: expect.any(String) });
  expect(text.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
  expect(standard.origin.received('api.a.test')).toBe('');
  void name;
});

test.each([
  ['a chunk size that ends in a line feed', '1\na\r\n0\r\n\r\n'],
  ['a chunk extension of 20 KB', `1;${'a'.repeat(20_000)}\r\na\r\n0\r\n\r\n`],
  ['a chunk size of 17 digits', '11111111111111111\r\na\r\n0\r\n\r\n'],
  ['a negative chunk size', '-1\r\na\r\n0\r\n\r\n'],
  ['a chunk that is longer than it says', '1\r\nabc\r\n0\r\n\r\n'],
])('%s is answered 400 and never looks whole to the host', async (_name, body) => {
  standard.origin.forget();
  const bytes = post('Transfer-Encoding: chunked\r\n', body);
  const text = await underInvariants(standard, () => standard.world.sandbox(S1).rawInside('api.a.test:443', bytes));
  expect(refusal(text)).toEqual({ status: 400, code: 'bad_framing' });
  expect(standard.origin.received('api.a.test')).not.toContain('0\r\n\r\n');
});

test('a chunk that goes wrong later ends the request there', async () => {
  standard.origin.forget();
  const { world } = standard;
  const text = await underInvariants(standard, async () => {
    const socket = await world.sandbox(S1).tunnel('api.a.test:443');
    socket.write(post('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.write('zz\r\nGET /smuggled HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    return got;
  });
  expect(refusal(text)).toEqual({ status: 400, code: 'bad_framing' });
  expect(standard.origin.received('api.a.test')).toContain('hello');
  expect(standard.origin.received('api.a.test')).not.toContain('smuggled');
});

test('a body that is shorter than its length never looks whole to the host', async () => {
  standard.origin.forget();
  const { world, origin } = standard;
  await underInvariants(standard, async () => {
    const socket = await world.sandbox(S1).tunnel('api.a.test:443');
    socket.write(post('Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.destroy();
  });
  expect(origin.received('api.a.test')).not.toContain('0\r\n\r\n');
});

test('two requests in one packet are two requests, each judged', async () => {
  const bytes = get('') + get('', '/y');
  const text = await underInvariants(standard, () => standard.world.sandbox(S1).rawInside('api.a.test:443', bytes), {
    events: 2,
  });
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
});

test('after a refused head nothing that follows it is read as a request', async () => {
  const bytes = post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${get('', '/smuggled')}`);
  standard.origin.forget();
  await underInvariants(standard, () => standard.world.sandbox(S1).rawInside('api.a.test:443', bytes));
  expect(standard.origin.received()).not.toContain('smuggled');
});

test('CONNECT inside a tunnel is refused', async () => {
  const bytes = 'CONNECT pypi.test:443 HTTP/1.1\r\nHost: pypi.test:443\r\n\r\n';
  const text = await underInvariants(standard, () => standard.world.sandbox(S1).rawInside('api.a.test:443', bytes));
  expect(refusal(text)).toEqual({ status: 400, code: 'bad_request' });
});

test('no bytes whatever take the proxy down, or the credential out', async () => {
  const seed = Buffer.from(post('Transfer-Encoding: chunked\r\nX-A: b\r\n', '5\r\nhello\r\n0\r\n\r\n') + get(''));
  const { world, origin } = standard;
  let state = 12_345;
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % below;
  };
  for (let round = 0; round < 40; round += 1) {
    await Promise.all(
      Array.from({ length: 5 }, async () => {
        const bytes = Buffer.from(seed);
        for (let n = 0; n <= random(4); n += 1) bytes[random(bytes.length)] = random(256);
        const where = random(2) === 0 ? 'api.a.test:443' : null;
        const sandbox = world.sandbox(S1);
        await (where ? sandbox.rawInside(where, bytes, { quietMs: 30 }) : sandbox.raw(bytes, { quietMs: 30 }));
      }),
    );
  }
  expect((await world.sandbox(S1).request('https://pypi.test/')).status).toBe(200);
  expect(world.sandbox(S1).received().includes(SECRET)).toBe(false);
  expect(origin.received('evil.test')).toBe('');
  expect(world.problems).toEqual([]);
}, 60_000);
