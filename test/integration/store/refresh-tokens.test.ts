import { claimRefreshToken, releaseRefreshToken, replaceRefreshToken } from '../../../store/refresh-tokens.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const CHAIN = { connection: 'crm', seed: 'seed' };
const next = (text: string) => ({ keyId: 'k', sealed: Buffer.from(text) });
const LONG = 60_000;

let test_: TestDatabase;
beforeEach(async () => {
  test_ = await createTestDatabase();
});
afterEach(() => test_[Symbol.asyncDispose]());

test('of many claims at once exactly one gets the chain', async () => {
  const claims = Array.from({ length: 20 }, (_, i) => claimRefreshToken(test_.database, CHAIN, `h${i}`, LONG));
  const got = (await Promise.all(claims)).filter((each) => each !== null);
  expect(got).toEqual([{ generation: 0, sealed: null }]);
});

test('the holder of an older generation stores nothing, and does not set a newer one free', async () => {
  const { database } = test_;
  expect(await claimRefreshToken(database, CHAIN, 'first', 1)).toEqual({ generation: 0, sealed: null });
  let second: Awaited<ReturnType<typeof claimRefreshToken>> = null;
  await until(async () => {
    second = await claimRefreshToken(database, CHAIN, 'second', LONG);
    return second !== null;
  }, 'the hold of the first ends');
  expect(second).toEqual({ generation: 0, sealed: null });
  expect(await replaceRefreshToken(database, CHAIN, 0, next('from the second'))).toBe(true);
  expect(await claimRefreshToken(database, CHAIN, 'third', LONG)).toMatchObject({ generation: 1 });

  expect(await replaceRefreshToken(database, CHAIN, 0, next('late'))).toBe(false);
  await releaseRefreshToken(database, CHAIN, 'first');
  expect(await claimRefreshToken(database, CHAIN, 'fourth', LONG)).toBeNull();
  await releaseRefreshToken(database, CHAIN, 'third');
  const found = await claimRefreshToken(database, CHAIN, 'fourth', LONG);
  expect({ generation: found?.generation, sealed: found?.sealed?.toString() }).toEqual({
    generation: 1,
    sealed: 'from the second',
  });
});

test('chains of other connections and other entered tokens are their own', async () => {
  const { database } = test_;
  await claimRefreshToken(database, CHAIN, 'first', LONG);
  expect(await claimRefreshToken(database, { ...CHAIN, seed: 'another' }, 'second', LONG)).not.toBeNull();
  expect(await claimRefreshToken(database, { ...CHAIN, connection: 'erp' }, 'third', LONG)).not.toBeNull();
});
