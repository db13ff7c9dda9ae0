import { generateKeyPairSync } from 'node:crypto';
import { createGuardedFetch, type GuardedFetch } from '../../../../proxy/credentials/tokens/guarded-fetch.ts';
import { mintForAssertion, mintForClient, refresh } from '../../../../proxy/credentials/tokens/oauth-tokens.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { createTokenDialer } from '../support/token-dialer.ts';
import { type ServerProcess, startServerProcess } from '../support/token-servers/server-process.ts';

const ISSUER = 'https://login.a.test';
const CLIENT_SECRET = 'client+secret/%with:odd characters';
const keys = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const client = {
  kind: 'oauth-client',
  tokenUrl: `${ISSUER}/token`,
  clientId: 'bellhop',
  scopes: ['read'],
  audience: null,
  clientAuth: 'basic',
} as const;
const bearer = {
  kind: 'oauth-jwt',
  tokenUrl: `${ISSUER}/token`,
  issuer: 'robot',
  subject: 'somebody',
  audience: `${ISSUER}/token`,
  scopes: ['read'],
  keyId: null,
} as const;
const refreshing = {
  kind: 'oauth',
  tokenUrl: `${ISSUER}/token`,
  clientId: 'bellhop',
  scopes: [],
  clientAuth: 'basic',
} as const;

let server: ServerProcess;
let origin: Origin;
let fetch: GuardedFetch;

beforeAll(async () => {
  server = await startServerProcess('oidc', {
    issuer: ISSUER,
    clientSecret: CLIENT_SECRET,
    life: 3_600,
    assertions: { publicKey: keys.publicKey, issuer: 'robot', subject: 'somebody' },
  });
  const authority = await createTestAuthority();
  origin = await startOrigin({ authority, hosts: ['login.a.test'], onRequest: server.front });
  const { dialer, host } = createTokenDialer(origin, ['login.a.test'], [authority.pem]);
  fetch = createGuardedFetch({ dialer, host, signal: new AbortController().signal });
});
afterAll(async () => {
  await origin?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

/** What the server that issued a token says about it (RFC 7662). */
async function introspect(token: string): Promise<Record<string, unknown>> {
  const answer = await globalThis.fetch(`${server.url}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('api:api-secret').toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  return (await answer.json()) as Record<string, unknown>;
}

test('client credentials bring a token that its server knows, with the secret in a header or in the form', async () => {
  const { value, lifeMs } = await mintForClient(fetch, client, CLIENT_SECRET);
  expect(await introspect(value)).toMatchObject({ active: true, client_id: 'bellhop', scope: 'read' });
  expect(lifeMs).toBe(3_600_000);
  const post = { ...client, clientId: 'bellhop-post', clientAuth: 'post' } as const;
  const other = await mintForClient(fetch, post, CLIENT_SECRET);
  expect(await introspect(other.value)).toMatchObject({ active: true, client_id: 'bellhop-post' });
});

test.each([
  ['a wrong secret', client, 'wrong', 'invalid_client'],
  ['a scope that is not allowed', { ...client, scopes: ['write'] }, CLIENT_SECRET, 'invalid_scope'],
  ['an unknown client', { ...client, clientId: 'nobody' }, CLIENT_SECRET, 'invalid_client'],
  [
    'an address that is no token endpoint',
    { ...client, tokenUrl: `${ISSUER}/jwks` },
    CLIENT_SECRET,
    /^http_4|invalid_request/,
  ],
])('%s is reported by the code of the server, and by nothing else of its answer', async (_what, use, secret, code) => {
  const error = await mintForClient(fetch, use, secret).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ name: 'TokenError', code: expect.stringMatching(code) });
  expect(`${error} ${JSON.stringify(error)}`).not.toMatch(/client authentication|requested scope|description|wrong/);
});

test('an assertion signed with the private key brings a token (RFC 7523)', async () => {
  const { value } = await mintForAssertion(fetch, bearer, keys.privateKey);
  expect(await introspect(value)).toMatchObject({ active: true, client_id: 'robot', scope: 'read' });
  // Each assertion is another one: the server refuses to see one twice.
  expect((await mintForAssertion(fetch, bearer, keys.privateKey)).value).not.toBe(value);
});

test.each([
  [
    'another key',
    bearer,
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ],
  ['another subject', { ...bearer, subject: 'somebody else' }, keys.privateKey],
  ['another audience', { ...bearer, audience: 'https://elsewhere.test' }, keys.privateKey],
])('an assertion with %s is refused', async (_what, use, key) => {
  await expect(mintForAssertion(fetch, use, String(key))).rejects.toMatchObject({ code: 'invalid_grant' });
});

test('a refresh brings a token and the next refresh token, and the first one is worth nothing any more', async () => {
  const first = await server.call<string>('refreshToken');
  const one = await refresh(fetch, refreshing, { refresh_token: first, client_secret: CLIENT_SECRET });
  expect(await introspect(one.token.value)).toMatchObject({ active: true, sub: 'a-person' });
  expect(one.refreshToken).not.toBe(first);
  const two = await refresh(fetch, refreshing, {
    refresh_token: String(one.refreshToken),
    client_secret: CLIENT_SECRET,
  });
  expect(await introspect(two.token.value)).toMatchObject({ active: true });

  const again = refresh(fetch, refreshing, { refresh_token: first, client_secret: CLIENT_SECRET });
  await expect(again).rejects.toMatchObject({ code: 'invalid_grant' });
  // This is why an old one must never be sent: its second use has ended the newest too.
  const newest = refresh(fetch, refreshing, { refresh_token: String(two.refreshToken), client_secret: CLIENT_SECRET });
  await expect(newest).rejects.toMatchObject({ code: 'invalid_grant' });
  expect(await introspect(two.token.value)).toMatchObject({ active: false });
});
