import type { RequestListener } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { CLIENT_LIMITS } from '../../../proxy/listener/clients.ts';
import { drained } from './support/sandbox.ts';
import { refusal, type StandardWorld, startStandardWorld, underInvariants } from './support/standard-world.ts';
import { S1 } from './support/world.ts';

let standard: StandardWorld;
let reading = true;

const onRequest: RequestListener = (request, response) => {
  if (request.url === '/unread') {
    // Takes nothing of the body until it is told to.
    const timer = setInterval(() => {
      if (!reading) return;
      clearInterval(timer);
      request.resume();
      request.on('end', () => response.end('all of it'));
    }, 20);
    return;
  }
  request.resume();
  request.on('end', () => response.end('ok'));
};

beforeAll(async () => {
  standard = await startStandardWorld({
    onRequest,
    overrides: { limits: { ...CLIENT_LIMITS, bodySilenceMs: 500 } },
  });
});
afterAll(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);
const HOST = 'Host: api.a.test\r\n';
const codeInside = async (bytes: string) =>
  refusal(await underInvariants(standard, () => sandbox().rawInside('api.a.test:443', bytes, { quietMs: 4_000 })));

test('a body that stops coming ends its request, and half of it never looks whole', async () => {
  const answer = await codeInside(`POST /x HTTP/1.1\r\n${HOST}Content-Length: 1000\r\n\r\nhalf`);
  expect(answer).toEqual({ status: 408, code: 'body_timeout' });
});

test('a body that comes slowly, and does not stop, is carried', async () => {
  const text = await underInvariants(standard, async () => {
    const socket = await sandbox().tunnel('api.a.test:443');
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.write(`POST /x HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\n`);
    for (let n = 0; n < 10; n += 1) {
      socket.write('y');
      await pause(100);
    }
    while (!got.includes('ok')) await pause(10);
    socket.destroy();
    return got;
  });
  expect(text).toContain('200 OK');
});

test.each([
  ['two Host headers', `GET /x HTTP/1.1\r\n${HOST}Host: evil.test\r\n\r\n`, 400, 'bad_host'],
  ['no Host header', 'GET /x HTTP/1.1\r\n\r\n', 400, 'bad_host'],
  ['one large header', `GET /x HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ['many headers', `GET /x HTTP/1.1\r\n${HOST}${'X-A: a\r\n'.repeat(300)}\r\n`, 431, 'headers_too_large'],
  ['a head that is no end', `GET /x HTTP/1.1\r\n${HOST}X-A: ${'a'.repeat(200_000)}\r\n\r\n`, 431, 'headers_too_large'],
])('%s is told by its code', async (_name, bytes, status, code) => {
  expect(await codeInside(bytes)).toEqual({ status, code });
});

test('an upload that the host does not read stands still, and memory stays flat', async () => {
  await underInvariants(standard, async () => {
    reading = false;
    const socket = await sandbox().tunnel('api.a.test:443');
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.write(`PUT /unread HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
    const piece = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(1024 * 1024, 'y'), Buffer.from('\r\n')]);
    let sent = 0;
    const before = process.memoryUsage().rss;
    // A client that cannot write for a while is held back.
    while (sent < 100) {
      sent += 1;
      if (socket.write(piece)) continue;
      const went = await Promise.race([drained(socket).then(() => true), pause(300).then(() => false)]);
      if (!went) break;
    }
    expect(sent).toBeLessThan(50);
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * 1024 * 1024);
    // However long it is the host that keeps it waiting, that is no silence of the client.
    await pause(1_200);
    reading = true;
    await drained(socket);
    socket.write('0\r\n\r\n');
    while (!got.includes('all of it')) await pause(10);
    socket.destroy();
  });
});
