import type { MintedToken } from '../../../../proxy/credentials/tokens/minted-token.ts';
import { createTokenCache } from '../../../../proxy/credentials/tokens/token-cache.ts';
import { TokenError } from '../../../../proxy/credentials/tokens/token-error.ts';

const HOUR = 3_600_000;
const forever = new AbortController().signal;

function stage({ maxTokens = 100 } = {}) {
  let now = 0;
  let minted = 0;
  const renewalsFailed: string[] = [];
  const cache = createTokenCache({
    clock: { now: () => now },
    onRenewalFailed: (owner, { code }) => renewalsFailed.push(`${owner} ${code}`),
    maxTokens,
  });
  /** What the token endpoint does. */
  let endpoint: () => Promise<MintedToken> = async () => ({ value: `token-${minted}`, lifeMs: HOUR });
  const mint = () => {
    minted += 1;
    return endpoint();
  };
  return {
    cache,
    renewalsFailed,
    get: (key = 'crm', signal = forever) => cache.get(key, key, mint, signal),
    pass: (ms: number) => {
      now += ms;
    },
    answer: (next: typeof endpoint) => {
      endpoint = next;
    },
    get minted() {
      return minted;
    },
  };
}

/** Lets everything run that is ready. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

test('fifty parallel requests mint one token', async () => {
  const { get, answer } = stage();
  const release = Promise.withResolvers<MintedToken>();
  answer(() => release.promise);
  const asked = Array.from({ length: 50 }, () => get());
  await settle();
  release.resolve({ value: 'one', lifeMs: HOUR });
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['one']));
  expect(await get()).toBe('one');
});

test('a token is counted once for each of fifty waiting requests and never again within its life', async () => {
  const world = stage();
  await Promise.all(Array.from({ length: 50 }, () => world.get()));
  expect(world.minted).toBe(1);
  world.pass(HOUR * 0.9);
  await world.get();
  expect(world.minted).toBe(1);
});

test('tokens of different keys are never shared', async () => {
  const { get } = stage();
  expect(await get('a')).not.toBe(await get('b'));
});

test('one that gives up waiting does not disturb the others', async () => {
  const { get, answer } = stage();
  const release = Promise.withResolvers<MintedToken>();
  answer(() => release.promise);
  const leaving = new AbortController();
  const first = get('crm', leaving.signal);
  const second = get();
  leaving.abort(new Error('the client went away'));
  await expect(first).rejects.toThrow('the client went away');
  release.resolve({ value: 'one', lifeMs: HOUR });
  expect(await second).toBe('one');
  await expect(get('crm', leaving.signal)).rejects.toThrow('the client went away');
});

test('a token is renewed in the background five minutes before its end, while the old one is still used', async () => {
  const world = stage();
  await world.get();
  world.pass(HOUR - 5 * 60_000);
  const release = Promise.withResolvers<MintedToken>();
  world.answer(() => release.promise);
  expect(await Promise.all([world.get(), world.get()])).toEqual(['token-1', 'token-1']);
  expect(world.minted).toBe(2);
  release.resolve({ value: 'new', lifeMs: HOUR });
  await settle();
  expect(await world.get()).toBe('new');
});

test('a token of a short life is renewed at 80 percent of it, and is not used in its last tenth', async () => {
  const world = stage();
  world.answer(async () => ({ value: `t${world.minted}`, lifeMs: 60_000 }));
  await world.get();
  world.pass(47_000);
  await world.get();
  expect(world.minted).toBe(1);
  world.pass(2_000);
  expect(await world.get()).toBe('t1');
  expect(world.minted).toBe(2);
  await settle();
  world.pass(55_000);
  expect(await world.get()).toBe('t3');
});

test('a renewal that fails is reported, tried again later, and the old token is used until its end', async () => {
  const world = stage();
  await world.get();
  world.answer(async () => {
    throw new TokenError('timeout');
  });
  world.pass(HOUR - 4 * 60_000);
  expect(await world.get()).toBe('token-1');
  await settle();
  expect(world.renewalsFailed).toEqual(['crm timeout']);
  await world.get();
  expect(world.minted).toBe(2);
  world.pass(2_000);
  expect(await world.get()).toBe('token-1');
  expect(world.minted).toBe(3);
  await settle();
  world.pass(4 * 60_000);
  await expect(world.get()).rejects.toMatchObject({ code: 'timeout' });
});

test('a broken endpoint is asked once in a few seconds, and requests meanwhile get the same error', async () => {
  const world = stage();
  world.answer(async () => {
    throw new TokenError('timeout');
  });
  const asked = await Promise.allSettled(Array.from({ length: 50 }, () => world.get()));
  expect(asked.map((each) => (each as PromiseRejectedResult).reason.code)).toEqual(Array(50).fill('timeout'));
  await expect(world.get()).rejects.toMatchObject({ code: 'timeout' });
  expect(world.minted).toBe(1);
  const tries: number[] = [];
  for (let second = 0; second < 120; second += 1) {
    const before = world.minted;
    await world.get().catch(() => {});
    if (world.minted > before) tries.push(second);
    world.pass(1_000);
  }
  expect(tries).toEqual([2, 6, 14, 30, 60, 90]);
  world.answer(async () => ({ value: 'well', lifeMs: HOUR }));
  world.pass(30_000);
  expect(await world.get()).toBe('well');
});

test('an unknown error is reported by its name only', async () => {
  const world = stage();
  world.answer(() => Promise.reject(new RangeError('a text with a secret')));
  const error = await world.get().catch((thrown: TokenError) => thrown);
  expect(error).toBeInstanceOf(TokenError);
  expect(JSON.stringify(error) + String(error)).not.toContain('secret');
});

test('a token that its host refused is dropped once, and its replacement is not dropped at once again', async () => {
  const world = stage();
  const first = await world.get();
  expect(world.cache.drop('crm', first)).toBe(true);
  const second = await world.get();
  expect(second).not.toBe(first);
  // Others that were refused with the first token find the second one.
  expect(world.cache.drop('crm', first)).toBe(true);
  expect(await world.get()).toBe(second);
  expect(world.cache.drop('crm', second)).toBe(false);
  expect(await world.get()).toBe(second);
  world.pass(30_000);
  expect(world.cache.drop('crm', second)).toBe(true);
});

test('tokens of connections that are gone are forgotten, also one that arrives afterwards', async () => {
  const world = stage();
  await world.get('kept');
  await world.get('gone');
  const late = Promise.withResolvers<MintedToken>();
  world.answer(() => late.promise);
  const waiting = world.get('going');
  world.cache.retain((owner) => owner === 'kept');
  late.resolve({ value: 'late', lifeMs: HOUR });
  await waiting;
  world.answer(async () => ({ value: 'fresh', lifeMs: HOUR }));
  expect(await world.get('gone')).toBe('fresh');
  expect(await world.get('going')).toBe('fresh');
  expect(await world.get('kept')).toBe('token-1');
});

test('no more tokens are kept than the bound', async () => {
  const world = stage({ maxTokens: 3 });
  for (let i = 0; i < 10; i += 1) await world.get(`k${i}`);
  expect(world.minted).toBe(10);
  await world.get('k9');
  expect(world.minted).toBe(10);
  await world.get('k0');
  expect(world.minted).toBe(11);
});
