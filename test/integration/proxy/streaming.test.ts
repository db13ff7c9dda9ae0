import type { RequestListener, ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { CLIENT_LIMITS } from '../../../proxy/listener/clients.ts';
import { closed, drained } from './support/sandbox.ts';
import { refusal, type StandardWorld, startStandardWorld, underInvariants } from './support/standard-world.ts';
import { S1, S2 } from './support/world.ts';

let standard: StandardWorld;
let open: { aborted: boolean; response: ServerResponse } | null = null;
let uploaded = 0;

const onRequest: RequestListener = (request, response) => {
  if (request.url === '/endless') {
    const piece = Buffer.alloc(64 * 1024, 'x');
    const write = () => {
      while (response.write(piece)) {
        // As fast as the other side takes it.
      }
    };
    const state = { aborted: false, response };
    open = state;
    response.on('drain', write);
    response.on('close', () => (state.aborted = true));
    write();
  } else if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    open = { aborted: false, response };
    response.flushHeaders();
  } else if (request.url === '/upload') {
    uploaded = 0;
    request.on('data', (chunk: Buffer) => (uploaded += chunk.length));
    request.on('end', () => response.end(String(uploaded)));
  } else if (request.url === '/cut') {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('"short"');
    setTimeout(() => response.destroy(), 50);
  } else if (request.url === '/garbage') {
    request.socket.end('HTTP/1.1 200 OK\nbroken\n\n');
  } else if (request.url?.startsWith('/raw/')) {
    request.socket.end(Buffer.from(request.url.slice('/raw/'.length), 'base64url'));
  } else if (request.url === '/early') {
    response.writeHead(413).end('{"error":"too large"}');
  } else {
    response.end('ok');
  }
};

beforeAll(async () => {
  standard = await startStandardWorld({
    onRequest,
    overrides: { limits: { ...CLIENT_LIMITS, connections: 20, sockets: 60, tunnels: 15 } },
  });
});
afterAll(() => standard[Symbol.asyncDispose]());

const sandbox = () => standard.world.sandbox(S1);
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: api.a.test\r\n\r\n`;
const eventOf = async (path: string) => (await standard.world.events(S1, 0)).findLast((event) => event.path === path);

test('a reader that stops reading stops the host, and memory stays flat', async () => {
  await underInvariants(standard, async () => {
    const socket = await sandbox().tunnel('api.a.test:443');
    socket.removeAllListeners('data');
    socket.pause();
    socket.write(get('/endless'));
    await pause(300);
    const before = process.memoryUsage().rss;
    await pause(1_500);
    expect(process.memoryUsage().rss - before).toBeLessThan(40 * 1024 * 1024);
    socket.destroy();
    await pause(1_000);
    // The host is let go within a second.
    expect(open?.aborted).toBe(true);
  });
  expect(await eventOf('/endless')).toMatchObject({ code: 'client_abort', outcome: 'injected', status: 200 });
});

test('events of a stream arrive one by one, at once', async () => {
  await underInvariants(standard, async () => {
    const socket = await sandbox().tunnel('api.a.test:443');
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.write(get('/events'));
    await pause(200);
    for (const n of [1, 2, 3]) {
      const sent = Date.now();
      open?.response.write(`data: ${n}\n\n`);
      while (!got.includes(`data: ${n}`)) await pause(5);
      expect(Date.now() - sent).toBeLessThan(100);
      await pause(100);
    }
    open?.response.end();
    await pause(100);
    socket.destroy();
  });
});

test('an upload of unknown length is carried whole', async () => {
  await underInvariants(standard, async () => {
    const socket = await sandbox().tunnel('api.a.test:443');
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.write('PUT /upload HTTP/1.1\r\nHost: api.a.test\r\nTransfer-Encoding: chunked\r\n\r\n');
    const piece = Buffer.alloc(65_536, 'y');
    for (let n = 0; n < 200; n += 1) {
      socket.write('10000\r\n');
      socket.write(piece);
      if (!socket.write('\r\n')) await new Promise((resolve) => socket.once('drain', resolve));
    }
    socket.write('0\r\n\r\n');
    while (!got.includes(String(200 * 65_536))) await pause(10);
    socket.destroy();
  });
  const event = await eventOf('/upload');
  expect(event?.bytesOut).toBeGreaterThanOrEqual(200 * 65_536);
  expect(event?.bytesOut).toBeLessThan(200 * 65_536 + 1_000);
});

test('an answer that is cut off is seen to be cut off', async () => {
  const text = await underInvariants(standard, () =>
    sandbox().rawInside('api.a.test:443', get('/cut'), { quietMs: 2_000 }),
  );
  expect(text).toContain('content-length: 1000');
  expect(text.endsWith('"short"')).toBe(true);
  expect(await eventOf('/cut')).toMatchObject({ code: 'upstream_protocol', status: 200, outcome: 'injected' });
});

test('a host that answers garbage is told as 502', async () => {
  const answer = await underInvariants(standard, () => sandbox().request('https://api.a.test/garbage'));
  expect(answer).toMatchObject({ status: 502, error: { code: 'upstream_protocol' } });
});

test('an answer that comes before the upload is done reaches the sandbox', async () => {
  const text = await underInvariants(standard, async () => {
    const socket = await sandbox().tunnel('api.a.test:443');
    let got = '';
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.write('PUT /early HTTP/1.1\r\nHost: api.a.test\r\nContent-Length: 1000000\r\n\r\nabc');
    await new Promise((resolve) => socket.once('close', resolve));
    return got;
  });
  expect(text).toContain('413');
  expect(text).toContain('too large');
});

test('a large upload that is refused at once gets its whole answer, even if it is read late', async () => {
  const text = await underInvariants(standard, async () => {
    const socket = await sandbox().tunnel('api.a.test:443');
    let got = '';
    const over = closed(socket);
    socket.write(`PUT /early HTTP/1.1\r\nHost: api.a.test\r\nContent-Length: ${5 * 1024 * 1024}\r\n\r\n`);
    // As many clients do: the answer is looked at when all of the body is written.
    socket.pause();
    const piece = Buffer.alloc(65_536, 'y');
    for (let n = 0; n < 80 && !socket.destroyed; n += 1) {
      if (!socket.write(piece)) await drained(socket);
    }
    expect(socket.destroyed).toBe(false);
    socket.on('data', (chunk: Buffer) => (got += chunk.toString()));
    socket.resume();
    await over;
    return got;
  });
  expect(text).toContain('413');
  expect(text).toContain('too large');
  expect(await eventOf('/early')).toMatchObject({ code: 'connection', status: 413 });
});

test('too many tunnels of one sandbox are refused, and another sandbox is unaffected', async () => {
  const sockets = await Promise.all(Array.from({ length: 15 }, () => sandbox().connect('pypi.test:443')));
  const answer = await sandbox().request('https://pypi.test/');
  expect(answer).toMatchObject({ status: 429, error: { code: 'too_many_tunnels', retry: true } });
  const more = Array.from({ length: 10 }, () => sandbox().open());
  await pause(50);
  const text = await sandbox().raw('GET http://plain.test/ HTTP/1.1\r\nHost: plain.test\r\n\r\n');
  expect(refusal(text)).toEqual({ status: 429, code: 'too_many_connections' });
  expect(text).toMatch(/retry-after: \d/);
  expect((await standard.world.sandbox(S2).request('https://api.a.test/')).status).toBe(200);
  for (const socket of [...sockets, ...more]) socket.destroy();
  await pause(100);
  expect((await sandbox().request('https://pypi.test/')).status).toBe(200);
});

test('refusals of one sandbox are limited, each still with an event', async () => {
  const before = (await standard.world.events(S1, 0)).length;
  const connect = 'CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n';
  const answers: string[] = [];
  for (let round = 0; round < 80; round += 1) {
    answers.push(...(await Promise.all(Array.from({ length: 10 }, () => sandbox().raw(connect, { quietMs: 2_000 })))));
  }
  expect(answers.filter((text) => refusal(text).status === 429).length).toBeGreaterThan(50);
  const events = await standard.world.events(S1, before + 800);
  expect(events.length).toBeGreaterThanOrEqual(800);
}, 60_000);

test.each([
  ['a coding that nobody asked for', 'Transfer-Encoding: gzip\r\n'],
  ['such a coding before chunked', 'Transfer-Encoding: gzip, chunked\r\n'],
  ['such a coding on a line of its own', 'Transfer-Encoding: gzip\r\ntransfer-encoding: Chunked\r\n'],
])('%s is a broken answer, and none of its bytes arrive', async (_name, headers) => {
  const answer = `HTTP/1.1 200 OK\r\n${headers}\r\n6\r\nzipped\r\n0\r\n\r\n`;
  const path = `/raw/${Buffer.from(answer).toString('base64url')}`;
  const text = await underInvariants(standard, () => sandbox().rawInside('api.a.test:443', get(path)));
  expect(refusal(text)).toEqual({ status: 502, code: 'upstream_protocol' });
  expect(text).not.toContain('zipped');
  expect(await eventOf(path)).toMatchObject({ code: 'upstream_protocol', outcome: 'injected', status: 502 });
});

test.each([
  ['204 No Content', 'Content-Length: 5\r\n', /content-length|transfer-encoding/i],
  ['204 No Content', 'Transfer-Encoding: chunked\r\n', /content-length|transfer-encoding/i],
  ['304 Not Modified', 'Transfer-Encoding: chunked\r\n', /transfer-encoding/i],
])('an answer %s has no body, and none of %j', async (status, headers, framing) => {
  const answer = `HTTP/1.1 ${status}\r\n${headers}X-Kept: 1\r\n\r\n`;
  const path = `/raw/${Buffer.from(answer).toString('base64url')}`;
  const text = await underInvariants(standard, () => sandbox().rawInside('api.a.test:443', get(path)));
  expect(text).toContain(`HTTP/1.1 ${status}\r\nX-Kept: 1\r\n`);
  expect(text).not.toMatch(framing);
});

test('a 304 tells the length that the whole would have', async () => {
  const path = `/raw/${Buffer.from('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n').toString('base64url')}`;
  const text = await underInvariants(standard, () => sandbox().rawInside('api.a.test:443', get(path)));
  expect(text).toContain('HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n');
});
