import { gzipSync } from 'node:zlib';
import basicAuth from '@fastify/basic-auth';
import bearerAuth from '@fastify/bearer-auth';
import fastify, { type FastifyInstance } from 'fastify';
import type { CredentialUse } from '../../../access/credential-use.ts';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { connection, S1, SCOPE_1, SECRET } from './support/world.ts';

/** The credential as a query or a form, as JSON and as percent-encoding may write it. */
const AWKWARD = `${SECRET}&"ü`;

let standard: StandardWorld;
let host: FastifyInstance;

beforeAll(async () => {
  host = await startHost();
  standard = await startStandardWorld({ onRequest: (request, response) => host.routing(request, response) });
});
afterAll(async () => {
  await standard?.[Symbol.asyncDispose]();
  await host?.close();
});
beforeEach(() => standard.origin.forget());

/** Checks every kind of credential with the parsers and plugins of Fastify. */
async function startHost(): Promise<FastifyInstance> {
  const app = fastify({ bodyLimit: 4 * 1024 * 1024 });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))));
  });
  app.register((scope, _options, done) => {
    scope.register(bearerAuth, { keys: new Set([SECRET]) });
    scope.get('/bearer', () => 'ok');
    done();
  });
  app.register((scope, _options, done) => {
    scope.register(basicAuth, {
      validate: (user, password, _request, _reply, checked) =>
        checked(user === 'user' && password === SECRET ? undefined : new Error('no')),
    });
    scope.after(() => scope.get('/basic', { onRequest: scope.basicAuth }, () => 'ok'));
    done();
  });
  const checked = (isGood: boolean) => {
    if (!isGood) throw Object.assign(new Error('no'), { statusCode: 401 });
    return 'ok';
  };
  app.get('/header', ({ headers }) => checked(headers['x-api-key'] === `v1 ${SECRET}`));
  app.get('/headers', ({ headers }) => checked(headers['dd-api-key'] === SECRET && headers['dd-app-key'] === 'b'));
  app.get('/query', ({ query }) => checked((query as { api_key?: string }).api_key === AWKWARD));
  app.post('/body', ({ body }) => {
    const { token, ...others } = body as Record<string, unknown>;
    checked(token === AWKWARD);
    return others;
  });
  app.get('/next', ({ url }, reply) => reply.redirect(`https://elsewhere.test${url}`, 302));
  app.get('/echo', ({ url }) => ({ next: `https://api.a.test${url}&page=2` }));
  // What debug pages and careless error messages do.
  app.all('/debug', ({ url, headers, body }, reply) =>
    reply
      .headers({ 'x-seen': String(headers.authorization ?? headers['x-api-key'] ?? '') })
      .send({ url, headers, body }),
  );
  await app.ready();
  return app;
}

const sandbox = () => standard.world.sandbox(S1);

async function use(credential: CredentialUse, secret: string): Promise<void> {
  await standard.world.apply({
    connections: [connection('svc', 'api.a.test', { addresses: standard.addresses, credential })],
    attached: { [SCOPE_1]: { connections: ['svc'] } },
    secrets: { svc: secret },
  });
}

/** Neither the sandbox nor any event has seen the secret. */
async function nothingLeaked(): Promise<void> {
  const events = JSON.stringify(await standard.world.events(S1, 1));
  const seen = [events, sandbox().received().toString('latin1'), standard.world.problems.join('\n')].join('\n');
  for (const form of [SECRET, encodeURIComponent(SECRET), Buffer.from(SECRET).toString('base64')]) {
    expect(seen).not.toContain(form);
  }
}

test.each<[string, CredentialUse, string]>([
  ['bearer', { kind: 'bearer' }, SECRET],
  ['basic', { kind: 'basic' }, `user:${SECRET}`],
  ['header', { kind: 'header', name: 'x-api-key', prefix: 'v1 ' }, SECRET],
  ['headers', { kind: 'headers', names: ['dd-api-key', 'dd-app-key'] }, `{"DD-API-KEY":"${SECRET}","dd-app-key":"b"}`],
  ['query', { kind: 'query', name: 'api_key' }, AWKWARD],
])(
  'a credential of the kind %s is accepted, whatever the sandbox sends in its place',
  async (path, credential, secret) => {
    await use(credential, secret);
    expect(await sandbox().request(`https://api.a.test/${path}?a=b`)).toMatchObject({ status: 200, text: 'ok' });
    const theirs = 'theirs-and-not-ours';
    const answer = await sandbox().request(`https://api.a.test/${path}?a=b&api_key=${theirs}&API-KEY[]=${theirs}`, {
      headers: { authorization: `Bearer ${theirs}`, 'x-api-key': theirs, 'dd-api-key': theirs, DD_App_Key: theirs },
    });
    expect(answer).toMatchObject({ status: 200, text: 'ok' });
    expect(standard.origin.received('api.a.test')).not.toContain(theirs);
    await nothingLeaked();
  },
);

describe('a credential in the body', () => {
  const post = (body: string | Buffer, headers: Record<string, string>) =>
    sandbox().request('https://api.a.test/body', { method: 'POST', body, headers });
  const JSON_TYPE = { 'content-type': 'application/json' };
  const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' };
  beforeEach(() => use({ kind: 'body', field: 'token' }, AWKWARD));

  test.each<[string, string, Record<string, string>, string]>([
    ['JSON', '{"a":12345678901234567890,"token":"theirs","Token":"theirs"}', JSON_TYPE, '{"a":12345678901234567000}'],
    ['a form', 'a=b&token=theirs&TOKEN=theirs', FORM_TYPE, '{"a":"b"}'],
  ])('is accepted in %s, whatever the sandbox sends in its place', async (_what, body, headers, rest) => {
    const answer = await post(body, { ...headers, 'content-md5': 'of the old body' });
    expect(answer).toMatchObject({ status: 200, text: rest });
    const sent = standard.origin.received('api.a.test');
    expect(sent).not.toMatch(/theirs|content-md5/i);
    const [head = '', sentBody = ''] = sent.split('\r\n\r\n');
    expect(/content-length: (\d+)/i.exec(head)?.[1]).toBe(String(Buffer.byteLength(sentBody, 'latin1')));
    if (headers === JSON_TYPE) expect(sentBody).toContain('12345678901234567890');
    await nothingLeaked();
  });

  test('is accepted in a body in chunks that waits for 100', async () => {
    const text = await sandbox().rawInside(
      'api.a.test:443',
      'POST /body HTTP/1.1\r\nHost: api.a.test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n' +
        'Expect: 100-continue\r\n\r\n4\r\n{"a"\r\n3\r\n:1}\r\n0\r\n\r\n',
    );
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*\{"a":1\}/);
  });

  test.each<[string, string | Buffer, Record<string, string>, number, string]>([
    ['a compressed body', gzipSync('{}'), { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415, 'body_type'],
    ['another type', 'x', { 'content-type': 'text/plain' }, 415, 'body_type'],
    ['a list', '[]', JSON_TYPE, 415, 'body_type'],
    ['half of JSON', '{"a":', JSON_TYPE, 415, 'body_type'],
    ['a body over the limit', `{"a":"${'x'.repeat(1024 * 1024)}"}`, JSON_TYPE, 413, 'body_too_large'],
  ])('%s is refused in words, and nothing is sent', async (_what, body, headers, status, code) => {
    const connections = standard.origin.connections;
    const answer = await post(body, headers);
    expect(answer).toMatchObject({
      status,
      error: { code, connection: 'svc', message: expect.stringMatching(/body/) },
    });
    expect(standard.origin.received('api.a.test')).toBe('');
    expect(standard.origin.connections).toBe(connections);
    await nothingLeaked();
  });

  test('a body in chunks over the limit is refused when the limit is reached', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const text = await sandbox().rawInside(
      'api.a.test:443',
      `POST /body HTTP/1.1\r\nHost: api.a.test\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(17)}0\r\n\r\n`,
      { quietMs: 1_500 },
    );
    expect(text).toMatch(/^HTTP\/1\.1 413 /);
    expect(standard.origin.received('api.a.test')).toBe('');
  });

  test('a request without a body is refused in words', async () => {
    const answer = await sandbox().request('https://api.a.test/body');
    expect(answer).toMatchObject({ status: 415, error: { message: expect.stringContaining('no body') } });
  });
});

test('a host that repeats the query in a redirect or in a link does not tell the sandbox its credential', async () => {
  await use({ kind: 'query', name: 'api_key' }, AWKWARD);
  const redirect = await sandbox().request('https://api.a.test/next?a=b', { headers: { 'accept-encoding': 'gzip' } });
  expect(redirect.status).toBe(302);
  expect(redirect.headers.location).toMatch(/^https:\/\/elsewhere\.test\/next\?a=b&api_key=\*+$/);
  standard.origin.forget();
  const echo = await sandbox().request('https://api.a.test/echo?a=b', { headers: { range: 'bytes=60-' } });
  expect(standard.origin.received('api.a.test')).not.toMatch(/range:|gzip/i);
  expect(echo.text).toMatch(/"next":"https:\/\/api\.a\.test\/echo\?a=b&api_key=\*+&page=2"/);
  // Whoever follows the link is given the credential again.
  const { next } = JSON.parse(echo.text) as { next: string };
  expect((await sandbox().request(next.replace('/echo', '/query'))).status).toBe(200);
  await nothingLeaked();
});

test.each<[string, CredentialUse, string]>([
  ['bearer', { kind: 'bearer' }, SECRET],
  ['basic', { kind: 'basic' }, `user:${SECRET}`],
  ['basic, with the key as the user', { kind: 'basic' }, `${SECRET}:`],
  ['header', { kind: 'header', name: 'x-api-key', prefix: 'v1 ' }, SECRET],
  ['headers', { kind: 'headers', names: ['dd-api-key', 'x-account'] }, `{"dd-api-key":"${SECRET}","x-account":"acme"}`],
  ['query', { kind: 'query', name: 'api_key' }, AWKWARD],
  ['body', { kind: 'body', field: 'token' }, AWKWARD],
])(
  'a host that repeats what it was sent tells the sandbox nothing of a credential of the kind %s',
  async (_, use_, secret) => {
    await use(use_, secret);
    const before = (await standard.world.events(S1, 0)).length;
    const answer = await sandbox().request('https://api.a.test/debug?a=b', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'accept-encoding': 'gzip, br',
        accept_encoding: 'gzip',
        'accept-charset': 'utf-16',
        'a-im': 'gzip',
      },
      body: '{"c":"d"}',
    });
    expect(answer.status).toBe(200);
    expect(answer.text).toMatch(/\*{8}/);
    // What is not the credential stays as it is, and so does the length.
    const shown = JSON.parse(answer.text) as { url: string; headers: Record<string, string>; body: { c: string } };
    expect(shown).toMatchObject({ url: expect.stringMatching(/^\/debug\?a=b/), body: { c: 'd' } });
    if (shown.headers['x-account'] !== undefined) expect(shown.headers['x-account']).toBe('acme');
    expect(standard.origin.received('api.a.test')).not.toMatch(/gzip|utf-16/);
    await nothingLeaked();
    const events = await standard.world.events(S1, before + 1);
    expect(events.filter(({ reason }) => reason.includes('repeated the credential')).length).toBeGreaterThan(0);
  },
);

test('a parameter of a connection is removed on its host where nothing is injected, too', async () => {
  const { world, addresses } = standard;
  const base = connection('svc', 'api.a.test', { addresses, credential: { kind: 'query', name: 'licence' } });
  const [rule] = base.rules;
  if (!rule) throw new Error('no rule');
  await world.apply({
    connections: [
      {
        ...base,
        rules: [
          { ...rule, paths: ['/in'] },
          { ...rule, action: 'forward', paths: ['/out'] },
        ],
      },
    ],
    attached: { [SCOPE_1]: { connections: ['svc'] } },
  });
  await sandbox().request('https://api.a.test/out?a=b&licence=theirs');
  expect(standard.origin.received('api.a.test')).toMatch(/^GET \/out\?a=b HTTP/);
});
