import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { promisify } from 'node:util';
import { JWT } from 'google-auth-library';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { mintForInstallation } from '../../../../proxy/credentials/tokens/github-tokens.ts';
import { mintForServiceAccount } from '../../../../proxy/credentials/tokens/google-tokens.ts';
import type { GuardedFetch } from '../../../../proxy/credentials/tokens/guarded-fetch.ts';
import { plainEnvironment } from '../../../support/plain-environment.ts';

/** What is written by hand is compared with what the vendor's own library sends. */

const rsa = (type: 'pkcs1' | 'pkcs8') =>
  generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type, format: 'pem' },
  }).privateKey;

/** Answers as the endpoint would, and notes the requests. */
function recording(...answers: { status: number; body: unknown }[]) {
  const requests: { url: string; method: string; headers: Record<string, string>; body: string }[] = [];
  const fetch: GuardedFetch = async (url, { method = 'GET', headers = {}, body }) => {
    requests.push({ url, method, headers, body: String(body ?? '') });
    const { status, body: said } = answers[requests.length - 1] ?? { status: 500, body: null };
    return new Response(JSON.stringify(said), { status, headers: { 'content-type': 'application/json' } });
  };
  return { fetch, requests };
}

/** An assertion without what differs from one moment to the next. */
function shapeOf(jwt: string) {
  const { iat, exp, ...claims } = decodeJwt(jwt);
  return { header: decodeProtectedHeader(jwt), claims, seconds: Number(exp) - Number(iat) };
}

const key = rsa('pkcs8');
const email = 'robot@project.iam.gserviceaccount.com';
const keyFile = JSON.stringify({
  type: 'service_account',
  client_email: email,
  private_key: key,
  private_key_id: 'key-1',
  token_uri: 'https://evil.test/token',
});

/** What Google's library sends for the same key. */
async function byGoogle(act: (client: JWT) => Promise<unknown>): Promise<{ url: string; form: URLSearchParams }> {
  const client = new JWT({ email, key, keyId: 'key-1', scopes: ['a', 'b'] });
  let seen: { url?: unknown; data?: unknown } = {};
  const transporter = {
    request: async (options: typeof seen) => {
      seen = options;
      return { data: { access_token: 'x', id_token: 'x.y.z', expires_in: 3_600 } };
    },
  };
  Object.assign(client, { transporter });
  await act(client);
  return { url: String(seen.url), form: new URLSearchParams(seen.data as URLSearchParams) };
}

test("the request for an access token of a service account is that of Google's own library", async () => {
  const { fetch, requests } = recording({ status: 200, body: { access_token: 'x', expires_in: 3_600 } });
  await mintForServiceAccount(fetch, { kind: 'gcp', scopes: ['a', 'b'], audience: null }, keyFile);
  const theirs = await byGoogle((client) => client.authorize());
  const [ours] = requests;
  const form = new URLSearchParams(ours?.body);
  expect(ours?.url).toBe(theirs.url);
  expect([...form.keys()].sort()).toEqual([...theirs.form.keys()].sort());
  expect(form.get('grant_type')).toBe(theirs.form.get('grant_type'));
  expect(shapeOf(String(form.get('assertion')))).toMatchObject(shapeOf(String(theirs.form.get('assertion'))));
});

test("the request for an identity token is that of Google's own library", async () => {
  const { fetch, requests } = recording({ status: 200, body: { id_token: 'no.jwt.at-all' } });
  const minting = mintForServiceAccount(fetch, { kind: 'gcp', scopes: [], audience: 'iap' }, keyFile);
  await expect(minting).rejects.toMatchObject({ code: 'bad_answer' });
  const theirs = await byGoogle((client) => client.fetchIdToken('iap'));
  const form = new URLSearchParams(requests[0]?.body);
  const { claims, header, seconds } = shapeOf(String(theirs.form.get('assertion')));
  // Theirs asks for the scopes as well, which say nothing about an identity token.
  const { scope: _, ...needed } = claims;
  const ours = shapeOf(String(form.get('assertion')));
  expect({ claims: ours.claims, seconds: ours.seconds }).toEqual({ claims: needed, seconds });
  expect(ours.header).toMatchObject(header);
});

test('the JWT of a GitHub App is that of Octokit, with a key as GitHub hands it out', async () => {
  const pem = rsa('pkcs1');
  const script = `
    import { createAppAuth } from '@octokit/auth-app';
    const { token } = await createAppAuth({ appId: '7', privateKey: process.env.APP_KEY })({ type: 'app' });
    console.log(token);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...plainEnvironment(), APP_KEY: pem },
  });
  const { fetch, requests } = recording(
    { status: 200, body: { account: { login: 'Acme' }, permissions: { contents: 'read', metadata: 'read' } } },
    { status: 201, body: { token: 'ghs_x', expires_at: new Date(Date.now() + 3_600_000).toISOString() } },
  );
  const use = { kind: 'github-app', appId: '7', installationId: '9', apiUrl: 'https://ghe.test/api/v3/' } as const;
  const minted = await mintForInstallation(fetch, use, pem, { repositories: ['acme/shop', 'other/x'], canPush: true });
  expect(minted.value).toBe('ghs_x');
  expect(Math.round(minted.lifeMs / 60_000)).toBe(60);

  const [ours, theirs] = [requests[0]?.headers.authorization?.slice('Bearer '.length), stdout.trim()].map((jwt) =>
    shapeOf(String(jwt)),
  );
  expect({ header: ours?.header, claims: ours?.claims }).toEqual({ header: theirs?.header, claims: theirs?.claims });
  // GitHub takes at most ten minutes.
  expect([ours?.seconds, theirs?.seconds]).toEqual([600, 600]);
  expect(requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
    'GET https://ghe.test/api/v3/app/installations/9',
    'POST https://ghe.test/api/v3/app/installations/9/access_tokens',
  ]);
  // No permission that the installation lacks, and no repository of another account.
  expect(JSON.parse(String(requests[1]?.body))).toEqual({
    permissions: { contents: 'read', metadata: 'read' },
    repositories: ['shop'],
  });
});

test('an installation that was suspended, or a key that is none, has a code of its own', async () => {
  const use = { kind: 'github-app', appId: '7', installationId: '9', apiUrl: 'https://api.github.com' } as const;
  const grant = { repositories: ['acme/shop'], canPush: false };
  const suspended = { account: { login: 'Acme' }, permissions: {}, suspended_at: '2026-01-01T00:00:00Z' };
  const { fetch } = recording({ status: 200, body: suspended });
  await expect(mintForInstallation(fetch, use, rsa('pkcs1'), grant)).rejects.toMatchObject({
    code: 'installation_suspended',
  });
  const secret = 'not-a-key-but-a-secret';
  const error = await mintForInstallation(fetch, use, secret, grant).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ code: 'bad_secret' });
  expect(`${error} ${JSON.stringify(error)}`).not.toContain(secret);
});
