import { request } from 'node:http';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { createPage } from '../../../demo/page/server/app.ts';
import { createSlackSimulator } from '../../../demo/page/server/slack-simulator.ts';
import type { SlackSource } from '../../../demo/page/server/slack-source.ts';
import { createThreads } from '../../../demo/page/server/threads.ts';
import { type Simulator, startSimulator } from '../../../simulators/slack/simulator.ts';

const TOKEN = 'token-of-the-printed-address';
const CONTROL = 'control-token-of-this-test';

let simulator: Simulator;
let slack: SlackSource;
let page: FastifyInstance;
let port: number;
let cookie: string;
const kills: string[] = [];
const threads = createThreads({ databaseUrl: () => undefined, read: () => Promise.reject(new Error('no database')) });

beforeAll(async () => {
  simulator = await startSimulator({ port: 0, tokens: { app: 'xapp-t', bot: 'xoxb-t' }, controlToken: CONTROL });
  slack = createSlackSimulator(() => ({ url: simulator.url, token: CONTROL }));
  page = createPage({
    token: TOKEN,
    addWeb: (app) => {
      for (const file of ['/', '/index.html']) app.get(file, () => '<!doctype html><title>the page</title>');
    },
    setup: { current: () => null, subscribe: () => () => undefined },
    slack,
    threads,
    acme: () => undefined,
    info: async () => ({ scenarios: [], names: [], workflowUrl: null, accessFile: 'bellhop.yaml' }),
    killWorker: async () => void kills.push('agent'),
    log: pino({ level: 'silent' }),
  });
  await page.listen({ host: '127.0.0.1', port: 0 });
  const address = page.server.address();
  port = typeof address === 'object' && address ? address.port : 0;
  const entered = await ask({ path: `/?token=${TOKEN}` });
  cookie = String(entered.headers['set-cookie']).split(';')[0] ?? '';
});

afterAll(async () => {
  slack.close();
  await Promise.all([page.close(), threads.close()]);
  await simulator.close();
});

interface Asked {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

function ask({ path: urlPath, method = 'GET', headers = {}, body }: Asked) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path: urlPath, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.on('error', reject).end(body);
  });
}

/** A change as the page's own script asks for it; `headers` replace its own. */
function change(urlPath: string, body: unknown, headers: Record<string, string | undefined> = {}) {
  const all = {
    cookie,
    origin: `http://127.0.0.1:${port}`,
    'sec-fetch-site': 'same-origin',
    'content-type': 'application/json',
    ...headers,
  };
  const kept = Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return ask({ path: urlPath, method: 'POST', headers: kept, body: JSON.stringify(body) });
}

const hello = { as: 'U0000000ADA', channel: 'C00PLATFORM', text: 'hello' };

test('the printed address sets a strict cookie and leads to an address without the token', async () => {
  const answer = await ask({ path: `/?token=${TOKEN}` });
  expect(answer.status).toBe(303);
  expect(answer.headers.location).toBe('/');
  expect(String(answer.headers['set-cookie'])).toMatch(/; HttpOnly; SameSite=Strict;/);
  expect(String(answer.headers['set-cookie'])).not.toContain(TOKEN);
});

test('without the cookie there is nothing, with a wrong token neither', async () => {
  expect((await ask({ path: '/' })).status).toBe(403);
  expect((await ask({ path: '/api/live' })).status).toBe(403);
  expect((await ask({ path: '/?token=wrong' })).status).toBe(403);
  expect((await ask({ path: '/', headers: { cookie: cookie.replace(/=.*/, '=0') } })).status).toBe(403);
});

test('with the cookie the page is there, and may be neither framed nor fed with scripts of others', async () => {
  const answer = await ask({ path: '/', headers: { cookie } });
  expect(answer.text).toContain('the page');
  expect(answer.headers['content-security-policy']).toMatch(/script-src 'self';.*frame-ancestors 'none'/);
  expect(answer.headers['referrer-policy']).toBe('no-referrer');
});

test('another name that leads to 127.0.0.1 is refused', async () => {
  for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1']) {
    expect((await ask({ path: '/', headers: { cookie, host } })).status).toBeGreaterThanOrEqual(400);
  }
  expect((await ask({ path: '/', headers: { cookie, host: `localhost:${port}` } })).status).toBe(200);
});

test('a name that somebody points at 127.0.0.1 cannot act or read, although its page is of one origin with itself', async () => {
  const host = `rebound.example:${port}`;
  const own = { cookie, host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
  for (const path of ['/', '/index.html', '/api/live', `/?token=${TOKEN}`]) {
    const answer = await ask({ path, headers: own });
    expect(answer.status).toBe(421);
    expect(answer.headers['set-cookie']).toBeUndefined();
  }
  expect((await change('/api/slack/post', hello, own)).status).toBe(421);
  expect((await change('/api/worker/kill', {}, own)).status).toBe(421);
  expect(kills).toEqual([]);
});

test('a change needs the origin of the page', async () => {
  expect((await change('/api/slack/post', hello)).status).toBe(200);
  const others = [
    'http://evil.example',
    `http://127.0.0.1:${port + 1}`,
    `https://127.0.0.1:${port}`,
    'null',
    undefined,
  ];
  for (const origin of others) {
    expect((await change('/api/slack/post', hello, { origin })).status).toBe(403);
    expect((await change('/api/worker/kill', {}, { origin })).status).toBe(403);
  }
  expect(kills).toEqual([]);
});

test('a form of another site cannot act, whatever it sends and even where it sends no origin', async () => {
  const before = simulator.world.history('C00PLATFORM').length;
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    for (const origin of ['http://evil.example', 'null', undefined]) {
      for (const site of ['cross-site', 'same-site', undefined]) {
        const headers = { origin, 'content-type': type, 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' };
        expect((await change('/api/slack/post', hello, headers)).status).toBe(403);
        expect((await change('/api/worker/kill', {}, headers)).status).toBe(403);
      }
    }
  }
  expect(simulator.world.history('C00PLATFORM')).toHaveLength(before);
  expect(kills).toEqual([]);
});

test('a change that only the page may make is refused without the cookie, and with that of another installation', async () => {
  for (const other of [undefined, cookie.replace(/=.*/, '=0'), cookie.replace(/^bellhop_page_\d+/, 'bellhop_page_1')]) {
    expect((await change('/api/slack/post', hello, { cookie: other })).status).toBe(403);
    expect((await change('/api/worker/kill', {}, { cookie: other })).status).toBe(403);
  }
  expect(kills).toEqual([]);
});

test('no origin but its own may read: nobody else is told that it could', async () => {
  const asking = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
  const origin = 'http://evil.example';
  const answers = [
    await ask({ path: '/api/slack/post', method: 'OPTIONS', headers: { origin, ...asking } }),
    await ask({ path: '/api/live', headers: { cookie, origin } }),
    await ask({ path: '/api/live', headers: { cookie, origin: 'null', accept: 'text/event-stream' } }),
  ];
  for (const answer of answers) {
    expect(answer.status).toBe(403);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  }
});

test('a WebSocket of another origin is not opened, nor is there one to open', async () => {
  const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const handshake = { cookie, ...upgrade, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' };
  for (const origin of ['http://evil.example', `http://localhost:${port}`, 'null']) {
    expect((await ask({ path: '/api/live', headers: { ...handshake, origin } })).status).toBe(403);
  }
  const own = await ask({ path: '/api/nothing', headers: { ...handshake, origin: `http://127.0.0.1:${port}` } });
  expect(own.status).toBe(404);
});

test('a script of another site or port cannot read', async () => {
  for (const site of ['cross-site', 'same-site']) {
    const headers = { cookie, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' };
    expect((await ask({ path: '/api/live', headers })).status).toBe(403);
    expect((await ask({ path: '/index.html', headers })).status).toBe(403);
  }
});

test('a link to the page from elsewhere may be followed', async () => {
  const headers = { cookie, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  expect((await ask({ path: '/', headers })).status).toBe(200);
});

test('kill the worker asks the supervisor', async () => {
  expect((await change('/api/worker/kill', {})).status).toBe(200);
  expect(kills).toEqual(['agent']);
});

test('input that is not as described is refused in words, and so is what the simulator refuses', async () => {
  const wrong = await change('/api/slack/post', { ...hello, channel: 'nowhere/../x' });
  expect([wrong.status, JSON.parse(wrong.text)]).toMatchObject([400, { error: { code: 'bad_request' } }]);
  const long = await change('/api/slack/post', { ...hello, text: 'x'.repeat(40_001) });
  expect(JSON.parse(long.text).error.message).toBe('text: Slack takes at most 40,000 characters.');
  const refused = await change('/api/slack/post', { ...hello, channel: 'C0000NOTHERE' });
  expect([refused.status, JSON.parse(refused.text)]).toMatchObject([409, { error: { code: 'no_such_channel' } }]);
});

test('without a database a question about a thread is answered 503, not with a stack trace', async () => {
  const answer = await ask({ path: '/api/why/0b0e7f8e-95ab-4b9e-8a52-0123456789ab', headers: { cookie } });
  expect(answer.status).toBe(503);
  expect(JSON.parse(answer.text)).toEqual({
    error: { code: 'database_unavailable', message: 'The database is not up yet.' },
  });
});

test('a file that is no picture is handed over, never shown, and every file is sandboxed', async () => {
  const page1 = { as: 'U0000000ADA', channel: 'C00PLATFORM', name: 'x.html' };
  const uploaded = await ask({
    path: `/api/slack/upload?${new URLSearchParams(page1)}`,
    method: 'POST',
    headers: { cookie, origin: `http://127.0.0.1:${port}`, 'content-type': 'application/octet-stream' },
    body: '<script>alert(1)</script>',
  });
  expect(uploaded.status).toBe(200);
  const id = [...simulator.world.files.keys()].at(-1);
  const answer = await ask({ path: `/api/slack/files/${id}`, headers: { cookie } });
  expect(answer.status).toBe(200);
  expect(answer.headers['content-type']).toBe('application/octet-stream');
  expect(answer.headers['content-disposition']).toMatch(/^attachment;/);
  expect(answer.headers['content-security-policy']).toBe("sandbox; default-src 'none'");
});

test('the stream begins with the workspace and goes on with each change', async () => {
  const stop = new AbortController();
  const stream = await fetch(`http://127.0.0.1:${port}/api/live`, { headers: { cookie }, signal: stop.signal });
  const seen = readUntil(stream, 'a live word');
  await change('/api/slack/post', { ...hello, text: 'a live word' });
  const text = await seen;
  stop.abort();
  expect(text).toMatch(/event: workspace\n[\s\S]*event: slack\n[\s\S]*a live word/);
});

async function readUntil(response: Response, wanted: string): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes(wanted)) return text;
  }
  return text;
}
