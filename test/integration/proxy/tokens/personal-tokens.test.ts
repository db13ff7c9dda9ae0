/** Renewing what a person has granted: several proxies with one PostgreSQL, and what happens when one of them is late. */
import type { Connection } from '../../../../access/document.ts';
import { grantedConnection, isByOAuth } from '../../../../access/personal-access.ts';
import { bindingOf } from '../../../../credentials/binding.ts';
import { createKeyPair, type KeyPair } from '../../../../credentials/key-pair.ts';
import { seal } from '../../../../credentials/seal.ts';
import { type GrantedTokens, grantedTokensText } from '../../../../credentials/secret-forms.ts';
import {
  createPersonalTokens,
  type PersonalTokenStore,
  type Renew,
} from '../../../../proxy/credentials/tokens/personal-tokens.ts';
import { TokenError } from '../../../../proxy/credentials/tokens/token-error.ts';
import { createProxyStore } from '../../../../proxy/proxy-store.ts';
import { putPersonalConnection, removePersonalConnection } from '../../../../store/personal-connections.ts';
import { fileOf } from '../../../support/access-yaml.ts';
import { createTestDatabase, type TestDatabase } from '../../../support/database.ts';

const ADA = { team: 'T1', person: 'UADA' };
const forever = new AbortController().signal;

let test_: TestDatabase;
let keys: KeyPair;
let connection: Connection;
let granted: string;
/** Every refresh token that left, in order. */
let sent: string[];

beforeAll(async () => {
  const offer = fileOf('people: { offer: [{ preset: github, oauth: { client-id: a, client-auth: none } }] }\n').people
    ?.offers[0];
  if (!offer || !isByOAuth(offer)) throw new Error('it is not offered');
  keys = await createKeyPair();
  connection = grantedConnection(offer, 'person:T1:UADA', 7);
});
beforeEach(async () => {
  test_ = await createTestDatabase();
  sent = [];
  await enter({ accessToken: 'access-0', refreshToken: 'refresh-0', expiresAt: Date.now() - 1 });
});
afterEach(() => test_[Symbol.asyncDispose]());

async function enter(tokens: GrantedTokens): Promise<void> {
  granted = grantedTokensText(tokens);
  const sealed = await seal(keys.publicKey, bindingOf(connection), granted);
  await putPersonalConnection(test_.database, {
    ...{ ...ADA, connection: 'github', version: 7, keyId: keys.publicKey.id, sealed, expiresAt: null, way: 'oauth' },
  });
}

/** A service that answers each refresh token once, with its successor. */
const service: Renew = async (refreshToken, beforeSending) => {
  beforeSending();
  const isSpent = sent.includes(refreshToken);
  sent.push(refreshToken);
  if (isSpent) throw new TokenError('invalid_grant' as never);
  const n = Number(refreshToken.split('-')[1]) + 1;
  return { accessToken: `access-${n}`, refreshToken: `refresh-${n}`, expiresAt: Date.now() + 600_000 };
};

/** One proxy of several that share a database and the installation's key. */
function proxy({ wrap = (store: PersonalTokenStore) => store } = {}) {
  let offset = 0;
  const tokens = createPersonalTokens({
    store: wrap(createProxyStore(test_.database).personalTokens),
    keys,
    clock: { now: () => performance.now() + offset },
    wallClock: Date.now,
  });
  return {
    mint: (renew: Renew = service, signal = forever) => tokens.mint({ connection, granted, renew, signal }),
    refused: (token: string) => tokens.refused(connection, token),
    sleepFor: (ms: number) => {
      offset += ms;
    },
  };
}

/** As if so much time had passed that the holder has the tokens no longer. */
const endHold = () => test_.database.query("update personal_connection set held_until = now() - interval '1 s'");
const row = async () =>
  (await test_.database.query('select generation, refused_at is not null as refused from personal_connection')).rows[0];

test('several proxies at once renew once, and what is stored opens for its own generation only', async () => {
  const minted = await Promise.all(Array.from({ length: 6 }, () => proxy().mint()));
  expect(new Set(minted.map(({ value }) => value))).toEqual(new Set(['access-1']));
  expect(sent).toEqual(['refresh-0']);
  expect(await row()).toEqual({ generation: 1, refused: false });
  const { rows } = await test_.database.query<{ renewed: Buffer }>('select renewed from personal_connection');
  expect(rows[0]?.renewed.includes(Buffer.from('refresh-1'))).toBe(false);
  await test_.database.query('update personal_connection set generation = generation + 1');
  await expect(proxy().mint()).rejects.toMatchObject({ code: 'rotation_not_stored' });
});

test('the new tokens are stored before the new access token is used', async () => {
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
});

test('a proxy that sleeps before it sends, sends nothing when it wakes up late', async () => {
  const [late, other] = [proxy(), proxy()];
  const sleeping = late.mint(async (token, beforeSending) => {
    late.sleepFor(60_000);
    await endHold();
    await other.mint();
    return service(token, beforeSending);
  });
  await expect(sleeping).rejects.toMatchObject({ code: 'rotation_lost' });
  expect(sent).toEqual(['refresh-0']);
  expect((await late.mint()).value).toBe('access-1');
});

test('an answer, and a refusal, that come after another proxy has stored newer tokens are thrown away', async () => {
  const [late, later, other] = [proxy(), proxy(), proxy()];
  const answered = late.mint(async () => {
    await endHold();
    await other.mint();
    return { accessToken: 'late', refreshToken: 'late', expiresAt: null };
  });
  await expect(answered).rejects.toMatchObject({ code: 'rotation_lost' });
  expect((await late.mint()).value).toBe('access-1');
  other.refused('access-1');
  later.refused('access-1');
  const refused = later.mint(async () => {
    await endHold();
    await other.mint();
    throw new TokenError('invalid_grant' as never);
  });
  await expect(refused).rejects.toMatchObject({ code: 'grant_ended' });
  expect(await row()).toEqual({ generation: 2, refused: false });
  expect((await later.mint()).value).toBe('access-2');
});

test('a connection that its owner removes while it is renewed takes nothing any more', async () => {
  const removed = proxy().mint(async (...call) => {
    const came = await service(...call);
    await removePersonalConnection(test_.database, ADA, 'github');
    return came;
  });
  await expect(removed).rejects.toMatchObject({ code: 'rotation_lost' });
  await expect(proxy().mint()).rejects.toMatchObject({ code: 'rotation_lost' });
  expect(await row()).toBeUndefined();
});

test('an answer that cannot be stored is kept and stored later; nothing of it is used before', async () => {
  let isAway = true;
  const gone = () => Promise.reject(new Error('connect ECONNREFUSED'));
  const troubled = proxy({
    wrap: (store) => ({
      ...store,
      replace: (...call) => (isAway ? gone() : store.replace(...call)),
      release: (...call) => (isAway ? gone() : store.release(...call)),
    }),
  });
  await expect(troubled.mint()).rejects.toMatchObject({ code: 'rotation_not_stored' });
  await expect(troubled.mint()).rejects.toMatchObject({ code: 'rotation_not_stored' });
  isAway = false;
  expect((await troubled.mint()).value).toBe('access-1');
  expect(sent).toEqual(['refresh-0']);
});

test('a refused refresh token is noted once and sent by nobody again; connecting again makes a fresh start', async () => {
  sent.push('refresh-0');
  await expect(proxy().mint()).rejects.toMatchObject({ code: 'grant_ended' });
  await expect(proxy().mint()).rejects.toMatchObject({ code: 'grant_ended' });
  expect(sent).toEqual(['refresh-0', 'refresh-0']);
  expect(await row()).toEqual({ generation: 0, refused: true });
  await enter({ accessToken: 'access-8', refreshToken: 'refresh-8', expiresAt: null });
  expect((await proxy().mint()).value).toBe('access-8');
});

test('a 401 renews what can be renewed, and ends nothing that cannot', async () => {
  const one = proxy();
  expect((await one.mint()).value).toBe('access-1');
  one.refused('access-1');
  expect((await one.mint()).value).toBe('access-2');
  await enter({ accessToken: 'for-ever', refreshToken: null, expiresAt: null });
  const other = proxy();
  expect((await other.mint()).value).toBe('for-ever');
  other.refused('for-ever');
  expect((await other.mint()).value).toBe('for-ever');
  await enter({ accessToken: 'for-a-day', refreshToken: null, expiresAt: Date.now() - 1 });
  await expect(other.mint()).rejects.toMatchObject({ code: 'grant_ended' });
  expect(await row()).toEqual({ generation: 0, refused: true });
});

test('while another proxy renews, a wait for it ends with the request', async () => {
  const held = Promise.withResolvers<never>();
  const begun = Promise.withResolvers<void>();
  const holding = proxy().mint(() => {
    begun.resolve();
    return held.promise;
  });
  await begun.promise;
  await expect(proxy().mint(service, AbortSignal.timeout(600))).rejects.toMatchObject({ code: 'rotation_busy' });
  held.reject(new Error('gone'));
  await expect(holding).rejects.toMatchObject({ code: 'failed' });
});
