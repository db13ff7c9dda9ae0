import { createEndedAccounts } from '../../../slack/people/ended-accounts.ts';
import type { Queryable } from '../../../store/database.ts';

const IDENTITY = { team: 'T1' } as never;
const EVERY_MS = 3_600_000;
const RETRY_MS = 300_000;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** A workspace in which somebody has connected something, whose list of people is always one more page when `isEndless`. */
function accounts({ isEndless = false } = {}) {
  const seen = { readings: 0, pages: 0, isAway: false, problems: [] as string[] };
  const db: Pick<Queryable, 'query'> = {
    query: (async () => {
      seen.readings += 1;
      return { rows: [], rowCount: 1 };
    }) as never,
  };
  const calls = {
    call: async () => {
      seen.pages += 1;
      if (seen.isAway) throw new Error('Slack is away');
      return { members: [], response_metadata: { next_cursor: isEndless ? 'more' : '' } };
    },
  };
  const ended = createEndedAccounts({
    ...{ db: db as Queryable, calls, identity: IDENTITY },
    onError: (error) => seen.problems.push((error as Error).message),
  });
  return { seen, ended };
}

const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

test('a connection that begins too early has its reading when it is due, once', async () => {
  const { seen, ended } = accounts();
  ended.connected();
  await pass(1_000);
  expect(seen.readings).toBe(1);
  for (let i = 0; i < 5; i += 1) ended.connected();
  await pass(EVERY_MS - 2_000);
  expect(seen.readings).toBe(1);
  await pass(2_000);
  expect(seen.readings).toBe(2);
  await pass(3 * EVERY_MS);
  expect(seen.readings).toBe(2);
  await ended.stop();
});

test('a reading that failed is tried again, and nothing after the stop', async () => {
  const { seen, ended } = accounts();
  seen.isAway = true;
  ended.connected();
  await pass(1_000);
  expect(seen).toMatchObject({ pages: 1, problems: ['Slack is away'] });
  await pass(RETRY_MS);
  expect(seen.pages).toBe(2);
  seen.isAway = false;
  await pass(RETRY_MS);
  expect(seen.pages).toBe(3);
  await pass(2 * EVERY_MS);
  expect(seen.pages).toBe(3);
  ended.connected();
  await pass(1_000);
  seen.isAway = true;
  ended.connected();
  await ended.stop();
  await pass(2 * EVERY_MS);
  expect(seen.pages).toBe(4);
});

test('a list that is longer than what is read is said', async () => {
  const { seen, ended } = accounts({ isEndless: true });
  ended.connected();
  await pass(1_000);
  expect(seen.pages).toBe(500);
  expect(seen.problems).toEqual([expect.stringMatching(/more than 100000 people/)]);
  await ended.stop();
});
