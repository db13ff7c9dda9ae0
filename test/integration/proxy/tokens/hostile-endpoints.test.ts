import type { RequestListener } from 'node:http';
import { createGuardedFetch, type GuardedFetchOptions } from '../../../../proxy/credentials/tokens/guarded-fetch.ts';
import { mintForClient } from '../../../../proxy/credentials/tokens/oauth-tokens.ts';
import type { TokenError } from '../../../../proxy/credentials/tokens/token-error.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { createTestAuthority, type TestAuthority } from '../support/test-authority.ts';
import { createTokenDialer } from '../support/token-dialer.ts';

const SECRET = 'canary-client-secret';
const TOKEN_URL = 'https://login.a.test/token';

let authority: TestAuthority;
let origin: Origin;
/** What the endpoint does. */
let onRequest: RequestListener;

beforeAll(async () => {
  authority = await createTestAuthority();
  origin = await startOrigin({
    authority,
    hosts: ['login.a.test', 'elsewhere.test'],
    onRequest: (request, response) => onRequest(request, response),
  });
});
afterAll(() => origin[Symbol.asyncDispose]());
beforeEach(() => origin.forget());

async function mint({
  tokenUrl = TOKEN_URL,
  trusted = [authority.pem],
  ...more
}: { tokenUrl?: string; trusted?: string[] } & Partial<GuardedFetchOptions> = {}) {
  const { dialer, host } = createTokenDialer(origin, ['login.a.test', 'elsewhere.test'], trusted);
  const fetch = createGuardedFetch({ dialer, host, signal: new AbortController().signal, ...more });
  const use = {
    kind: 'oauth-client',
    tokenUrl,
    clientId: 'c',
    scopes: [],
    audience: null,
    clientAuth: 'post',
  } as const;
  return mintForClient(fetch, use, SECRET);
}

const codeOf = async (minting: Promise<unknown>): Promise<string> => {
  const error = (await minting.then(
    () => new Error('a token was issued'),
    (thrown: Error) => thrown,
  )) as TokenError;
  expect(`${error} ${JSON.stringify(error)}`).not.toContain(SECRET);
  return error.code;
};

const json =
  (body: unknown, status = 200): RequestListener =>
  (request, response) => {
    request.resume();
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };

const GOOD = { access_token: 'a-token', token_type: 'Bearer', expires_in: 60 };

test('an endpoint that answers well is a token', async () => {
  onRequest = json(GOOD);
  expect(await mint()).toEqual({ value: 'a-token', lifeMs: 60_000 });
});

test.each([301, 302, 303, 307, 308])(
  'an answer of status %s is a failure, and nothing goes to its target',
  async (status) => {
    onRequest = (_request, response) => {
      response.writeHead(status, { location: 'https://elsewhere.test/token' });
      response.end();
    };
    expect(await codeOf(mint())).toBe('redirected');
    expect(origin.received('elsewhere.test')).toBe('');
  },
);

test('an answer of more than 64 KiB is broken off', async () => {
  let sent = 0;
  onRequest = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const more = () => {
      while (!response.destroyed && sent < 100_000_000) {
        sent += 16_384;
        if (!response.write(' '.repeat(16_384))) return void response.once('drain', more);
      }
    };
    more();
  };
  expect(await codeOf(mint())).toBe('answer_too_large');
  expect(sent).toBeLessThan(10_000_000);
});

test('an endpoint that does not answer in time is given up', async () => {
  onRequest = () => {};
  expect(await codeOf(mint({ deadlineMs: 200 }))).toBe('timeout');
});

test('an endpoint that sends its answer too slowly is given up', async () => {
  onRequest = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 20);
    response.once('close', () => clearInterval(timer));
  };
  expect(await codeOf(mint({ deadlineMs: 300 }))).toBe('timeout');
});

test('an endpoint that breaks off has a code of its own', async () => {
  onRequest = (request) => request.socket.destroy();
  expect(await codeOf(mint())).toBe('broke_off');
});

test.each([
  ['http://login.a.test/token', 'bad_token_url'],
  ['https://127.0.0.1/token', 'bad_token_url'],
  ['https://[::1]/token', 'bad_token_url'],
  ['https://user:password@login.a.test/token', 'bad_token_url'],
  ['no address', 'bad_token_url'],
  ['https://unknown.test/token', 'dns'],
])('the endpoint %s is not asked: %s', async (tokenUrl, code) => {
  onRequest = json(GOOD);
  expect(await codeOf(mint({ tokenUrl }))).toBe(code);
  expect(origin.received()).toBe('');
});

test('an endpoint at a private address that no rule of the connection names is not dialled', async () => {
  onRequest = json(GOOD);
  const { host } = createTokenDialer(origin, [], []);
  expect(await codeOf(mint({ host: { ...host, exceptions: [] } }))).toBe('address_denied');
  expect(origin.received()).toBe('');
});

test('an endpoint whose certificate is not trusted gets no secret', async () => {
  onRequest = json(GOOD);
  expect(await codeOf(mint({ trusted: [] }))).toBe('upstream_tls');
  expect(origin.received()).toBe('');
});

test('the authorities of the connection are used instead of the usual ones', async () => {
  onRequest = json(GOOD);
  const { host } = createTokenDialer(origin, [], []);
  const other = await createTestAuthority();
  expect((await mint({ trusted: [], host: { ...host, own: { ca: authority.pem, client: null } } })).value).toBe(
    'a-token',
  );
  origin.forget();
  expect(await codeOf(mint({ host: { ...host, own: { ca: other.pem, client: null } } }))).toBe('upstream_tls');
  expect(origin.received()).toBe('');
});

test('nothing is sent when the caller may not send any more by the time the connection stands', async () => {
  onRequest = json(GOOD);
  const beforeSending = () => {
    throw new Error('too late');
  };
  await expect(mint({ beforeSending })).rejects.toThrow();
  expect(origin.received()).toBe('');
});

test.each([
  ['an error with a description', { error: 'invalid_grant', error_description: SECRET }, 400, 'invalid_grant'],
  ['a secret as its error', { error: `${SECRET}-1` }, 400, 'http_400'],
  ['a long error', { error: 'a'.repeat(41) }, 400, 'http_400'],
  ['an error with a line break', { error: 'invalid\r\nx-header' }, 400, 'http_400'],
  ['an error that is no text', { error: { code: SECRET } }, 401, 'http_401'],
  ['a page of HTML', `<html>${SECRET}</html>`, 503, 'http_503'],
  ['a success of another status', GOOD, 201, 'http_201'],
])('%s becomes a code and nothing else', async (_what, body, status, code) => {
  onRequest = json(body, status);
  expect(await codeOf(mint())).toBe(code);
});

test('an error behind a challenge (RFC 6749 5.2) is read too', async () => {
  onRequest = (request, response) => {
    request.resume();
    response.writeHead(401, { 'content-type': 'application/json', 'www-authenticate': 'Basic realm="x"' });
    response.end('{"error":"invalid_client"}');
  };
  expect(await codeOf(mint())).toBe('invalid_client');
});

test.each<[string, unknown]>([
  ['no JSON', 'access_token=a'],
  ['no token', { token_type: 'Bearer' }],
  ['no type', { access_token: 'a' }],
  ['a token of another type', { ...GOOD, token_type: 'mac' }],
  ['a token that is bound to a key', { ...GOOD, token_type: 'DPoP' }],
  ['a token with a line break', { ...GOOD, access_token: 'a\r\nx-other: b' }],
  ['a token with a space', { ...GOOD, access_token: 'a b' }],
  ['a token of 20 KB', { ...GOOD, access_token: 'a'.repeat(20_000) }],
])('a success with %s is a bad answer', async (_what, body) => {
  onRequest = json(body);
  expect(await codeOf(mint())).toBe('bad_answer');
});

test('an answer that does not say that it is JSON is a bad answer', async () => {
  onRequest = (_request, response) => response.end(JSON.stringify(GOOD));
  expect(await codeOf(mint())).toBe('bad_answer');
});

test.each([
  ['nothing', {}, 15 * 60_000],
  ['a text', { expires_in: '120' }, 120_000],
  ['zero', { expires_in: 0 }, 5_000],
  ['ten years', { expires_in: 315_360_000 }, 24 * 3_600_000],
])('a life of %s has a bound', async (_what, life, lifeMs) => {
  const { expires_in: _, ...rest } = GOOD;
  onRequest = json({ ...rest, ...life });
  expect((await mint()).lifeMs).toBe(lifeMs);
});

test('an identity token in the answer is left alone, whoever signed it', async () => {
  onRequest = json({ ...GOOD, id_token: 'not.a.jwt' });
  expect((await mint()).value).toBe('a-token');
});
