/** What anybody may ask of the database by the address for browsers. */
import { randomBytes } from 'node:crypto';
import type { Database } from '../../../store/database.ts';
import { readCallbackAddress } from '../../../workers/gateway/callback-address.ts';
import { createTakeCallback } from '../../../workers/gateway/take-callback.ts';
import { until } from '../../support/until.ts';

/** A database that knows no grant, and answers when it is told to. */
function asked() {
  const gate = Promise.withResolvers<void>();
  const state = { queries: 0, underWay: 0, most: 0 };
  const query = async () => {
    state.queries += 1;
    state.underWay += 1;
    state.most = Math.max(state.most, state.underWay);
    await gate.promise;
    state.underWay -= 1;
    return { rows: [] };
  };
  const callback = readCallbackAddress('http://127.0.0.1:4000', undefined);
  if (!callback) throw new Error('no address');
  const take = createTakeCallback({ database: { query } as unknown as Database, callback, offers: async () => [] });
  return { state, take, release: gate.resolve };
}

const stateOf = (bytes = 32) => randomBytes(bytes).toString('base64url');

test.each([
  ['none', 'code=x'],
  ['an empty one', 'state='],
  ['a short one', `state=${stateOf(31)}`],
  ['a long one', `state=${stateOf(33)}`],
  ['letters that no state has', `state=${'%2F'.repeat(43)}`],
  ['two', `state=${stateOf()}&state=${stateOf()}`],
  ['a line after it', `state=${stateOf()}%0A`],
])('the database is not asked for a state that none of ours is: %s', async (_what, query) => {
  const { state, take, release } = asked();
  release();
  expect(await take('gitlab', `code=x&${query}`)).toEqual({ kind: 'unknown' });
  expect(state.queries).toBe(0);
});

test('it is asked by four at once, and the others wait for their turn', async () => {
  const { state, take, release } = asked();
  const answers = Array.from({ length: 32 }, () => take('gitlab', `code=x&state=${stateOf()}`));
  await until(() => state.queries >= 4, 'the first of them');
  await new Promise((resolve) => setImmediate(resolve));
  expect(state.queries).toBe(4);
  release();
  expect(await Promise.all(answers)).toEqual(answers.map(() => ({ kind: 'unknown' })));
  expect(state).toMatchObject({ queries: 32, most: 4 });
});
