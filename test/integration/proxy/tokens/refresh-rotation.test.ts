import { createKeyPair, type KeyPair } from '../../../../credentials/key-pair.ts';
import { createGuardedFetch } from '../../../../proxy/credentials/tokens/guarded-fetch.ts';
import { refresh } from '../../../../proxy/credentials/tokens/oauth-tokens.ts';
import { createRefreshRotation, type Exchange } from '../../../../proxy/credentials/tokens/refresh-rotation.ts';
import type { RotationStore } from '../../../../proxy/credentials/tokens/rotated-tokens.ts';
import { createProxyStore } from '../../../../proxy/proxy-store.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';
import { until } from '../../../support/until.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { createTestAuthority } from '../support/test-authority.ts';
import { createTokenDialer } from '../support/token-dialer.ts';
import { type ServerProcess, startServerProcess } from '../support/token-servers/server-process.ts';

const CLIENT_SECRET = 'client-secret';
const use = {
  kind: 'oauth',
  tokenUrl: 'https://login.a.test/token',
  clientId: 'bellhop',
  scopes: [],
  clientAuth: 'basic',
} as const;
const forever = new AbortController().signal;

let oidc: ServerProcess;
let origin: Origin;
let test_: TestDatabase;
let keys: KeyPair;
/** A refresh token as an administrator enters it. */
let entered: { refresh_token: string; client_secret: string };
/** Every refresh token that left, in order. */
let sent: string[];
let overTheWire: Exchange;

beforeAll(async () => {
  oidc = await startServerProcess('oidc', { issuer: 'https://login.a.test', clientSecret: CLIENT_SECRET, life: 3_600 });
  const authority = await createTestAuthority();
  origin = await startOrigin({ authority, hosts: ['login.a.test'], onRequest: oidc.front });
  const { dialer, host } = createTokenDialer(origin, ['login.a.test'], [authority.pem]);
  overTheWire = async (secret, beforeSending) => {
    const noted = () => {
      beforeSending();
      sent.push(secret.refresh_token);
    };
    return refresh(createGuardedFetch({ dialer, host, signal: forever, beforeSending: noted }), use, secret);
  };
});
afterAll(async () => {
  await origin?.[Symbol.asyncDispose]();
  await oidc?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  test_ = await createTestDatabase();
  keys = await createKeyPair();
  sent = [];
  entered = { refresh_token: await oidc.call<string>('refreshToken'), client_secret: CLIENT_SECRET };
});
afterEach(() => test_[Symbol.asyncDispose]());

interface ProxyOptions {
  readonly wrap?: (store: RotationStore) => RotationStore;
}

/** One proxy of several that share a database and the installation's key. */
function proxy({ wrap = (store) => store }: ProxyOptions = {}) {
  let offset = 0;
  const rotation = createRefreshRotation({
    store: wrap(createProxyStore(test_.database).rotations),
    keys,
    clock: { now: () => performance.now() + offset },
  });
  return {
    mint: (exchange: Exchange = overTheWire, signal = forever) =>
      rotation.mint({ connection: 'crm', entered, exchange, signal }),
    sleepFor: (ms: number) => {
      offset += ms;
    },
  };
}

async function isActive(token: string): Promise<boolean> {
  const answer = await fetch(`${oidc.url}/token/introspection`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('api:api-secret').toString('base64')}` },
    body: new URLSearchParams({ token }),
  });
  return ((await answer.json()) as { active: boolean }).active;
}

/** As if so much time had passed that the holder has the chain no longer. */
const endHold = () => test_.database.query("update refresh_token set held_until = now() - interval '1 s'");

const generation = async () =>
  (await test_.database.query<{ generation: number }>('select generation from refresh_token')).rows[0]?.generation;

test('three proxies at once never send a refresh token twice, and every token is good', async () => {
  const minted = await Promise.all(
    [proxy(), proxy(), proxy()].map(async (each) => {
      const tokens: string[] = [];
      for (let round = 0; round < 5; round += 1) tokens.push((await each.mint()).value);
      return tokens;
    }),
  );
  expect(sent).toHaveLength(15);
  expect(new Set(sent).size).toBe(15);
  expect(await generation()).toBe(15);
  // Had one been sent twice, the server would have ended them all.
  for (const token of minted.flat()) expect(await isActive(token)).toBe(true);
});

test('the new refresh token is stored before the new access token is used', async () => {
  const order: string[] = [];
  const watched = proxy({
    wrap: (store) => ({
      ...store,
      async replace(...call) {
        const stored = await store.replace(...call);
        order.push('stored');
        return stored;
      },
    }),
  });
  await watched.mint().then(() => order.push('used'));
  expect(order).toEqual(['stored', 'used']);
  // What is stored is sealed, and opens for its own generation only.
  const { rows } = await test_.database.query<{ sealed: Buffer }>('select sealed from refresh_token');
  expect(rows[0]?.sealed.includes(Buffer.from('refresh_token'))).toBe(false);
  await test_.database.query('update refresh_token set generation = generation + 1');
  await expect(proxy().mint()).rejects.toMatchObject({ code: 'rotation_not_stored' });
});

test('a proxy that sleeps before it sends, sends nothing when it wakes up late', async () => {
  const [late, other] = [proxy(), proxy()];
  const sleeping = late.mint(async (secret, beforeSending) => {
    late.sleepFor(60_000);
    await endHold();
    await other.mint();
    return overTheWire(secret, beforeSending);
  });
  await expect(sleeping).rejects.toMatchObject({ code: 'rotation_lost' });
  expect(sent).toHaveLength(1);
  expect(await isActive((await late.mint()).value)).toBe(true);
});

test('an answer that comes after another proxy has stored a newer token is thrown away', async () => {
  const [late, other] = [proxy(), proxy()];
  const token = { value: 'late', lifeMs: 1 };
  const minting = late.mint(async () => {
    await endHold();
    await other.mint();
    return { token, refreshToken: 'a-late-one' };
  });
  await expect(minting).rejects.toMatchObject({ code: 'rotation_lost' });
  expect(await generation()).toBe(1);
  expect(await isActive((await other.mint()).value)).toBe(true);
});

test('after a crash between answer and store another proxy tries the old token, and the code says that it is lost', async () => {
  let crashed = false;
  const replace = () => {
    crashed = true;
    return new Promise<never>(() => {});
  };
  const crashing = proxy({ wrap: (store) => ({ ...store, replace }) });
  void crashing.mint().catch(() => {});
  await until(async () => crashed, 'the answer is there');
  await endHold();
  await expect(proxy().mint()).rejects.toMatchObject({ code: 'invalid_grant' });
  expect(await generation()).toBe(0);
});

test('a new refresh token that cannot be stored is kept and stored later; its access token is not used', async () => {
  let isAway = true;
  const troubled = proxy({
    wrap: (store) => ({
      ...store,
      replace: (...call) => (isAway ? Promise.reject(new Error('connect ECONNREFUSED')) : store.replace(...call)),
      release: (...call) => (isAway ? Promise.reject(new Error('connect ECONNREFUSED')) : store.release(...call)),
    }),
  });
  await expect(troubled.mint()).rejects.toMatchObject({ code: 'rotation_not_stored' });
  await expect(troubled.mint()).rejects.toMatchObject({ code: 'rotation_not_stored' });
  expect(sent).toHaveLength(1);
  isAway = false;
  expect(await isActive((await troubled.mint()).value)).toBe(true);
  expect(new Set(sent).size).toBe(2);
  expect(await generation()).toBe(2);
});

test('while another proxy holds the chain, a wait for it ends with the mint', async () => {
  const held = Promise.withResolvers<never>();
  const begun = Promise.withResolvers<void>();
  const holding = proxy().mint(() => {
    begun.resolve();
    return held.promise;
  });
  await begun.promise;
  const signal = AbortSignal.timeout(600);
  await expect(proxy().mint(overTheWire, signal)).rejects.toMatchObject({ code: 'rotation_busy' });
  held.reject(new Error('gone'));
  await expect(holding).rejects.toMatchObject({ code: 'failed' });
  // A failure gives the chain free at once.
  expect(await isActive((await proxy().mint()).value)).toBe(true);
});

test('a server that does not rotate its refresh tokens is asked with the same one again', async () => {
  const still: Exchange = async ({ refresh_token }) => ({
    token: { value: `for ${refresh_token}`, lifeMs: 1_000 },
    refreshToken: null,
  });
  const expected = `for ${entered.refresh_token}`;
  expect([(await proxy().mint(still)).value, (await proxy().mint(still)).value]).toEqual([expected, expected]);
  expect(await generation()).toBe(0);
});

test('a token that an administrator enters anew begins a chain of its own', async () => {
  await proxy().mint();
  entered = { ...entered, refresh_token: await oidc.call<string>('refreshToken') };
  expect(await isActive((await proxy().mint()).value)).toBe(true);
  expect(sent.at(-1)).toBe(entered.refresh_token);
});
