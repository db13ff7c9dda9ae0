import { DatabaseBusy, inTransaction, openDatabase } from '../../../store/database.ts';
import { isUnreachable } from '../../../store/unreachable.ts';
import { contention } from '../../support/contention.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** What the agent worker has when nobody sets another size. */
const CONNECTIONS = 32;
/** What a local activity has; workflows/activity-proxies.ts. */
const LOCAL_ACTIVITY_MS = 5_000;

let stage: TestDatabase;
beforeAll(async () => {
  stage = await createTestDatabase();
  await stage.database.query('create table did (activity int not null, attempt int not null)');
});
afterAll(() => stage[Symbol.asyncDispose]());

/**
 * One short transaction as Temporal does it: a first attempt is given up when its time is over, but goes on; another one follows
 * when the first has failed or was given up.
 */
async function activity(database: TestDatabase['database'], number: number): Promise<void> {
  const attempt = (count: number) =>
    inTransaction(database, async (db) => {
      for (let look = 0; look < 5; look += 1) await db.query('select 1 from did where activity = $1 limit 1', [number]);
      await db.query('insert into did (activity, attempt) values ($1, $2)', [number, count]);
    });
  const givenUp = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error('given up')), LOCAL_ACTIVITY_MS).unref();
  });
  for (let count = 1; ; count += 1) {
    try {
      return await Promise.race([attempt(count), ...(count === 1 ? [givenUp] : [])]);
    } catch (error) {
      if (count > 50) throw error;
    }
  }
}

test.each([CONNECTIONS, 2])(
  '500 transactions at the same moment are each done once, with %s connections',
  async (connections) => {
    const database = openDatabase({ url: stage.url, name: 'test', connections });
    await stage.database.query('truncate did');
    await Promise.all(Array.from({ length: 500 }, (_, number) => activity(database, number)));
    await database.end();
    const { rows } = await stage.database.query(
      'select count(*)::int as done, count(distinct activity)::int as activities from did',
    );
    expect(rows[0]).toEqual({ done: 500, activities: 500 });
  },
  60_000,
);

test('who waits too long for a connection is told so by name, in less time than a local activity has', async () => {
  const database = openDatabase({ url: stage.url, name: 'test', connections: 2 });
  const holding = [0, 1].map(() => database.query('select pg_sleep(4.5)'));
  const started = performance.now();
  const refused = await Promise.all([
    database.query('select 1').catch((error: unknown) => error),
    database.connect().catch((error: unknown) => error),
    inTransaction(database, (db) => db.query('select 1')).catch((error: unknown) => error),
  ]);
  expect(performance.now() - started).toBeLessThan((LOCAL_ACTIVITY_MS - 500) * contention());
  for (const error of refused) {
    expect(error).toBeInstanceOf(DatabaseBusy);
    expect(error).toMatchObject({ code: 'database_busy', message: expect.stringContaining('2 are in use') });
    expect(isUnreachable(error)).toBe(true);
  }
  await Promise.all(holding);
  expect((await database.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  await database.end();
}, 20_000);
