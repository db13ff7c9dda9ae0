import { setTimeout as sleep } from 'node:timers/promises';
import { inTransaction } from '../../../store/database.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let stage: TestDatabase;
beforeAll(async () => {
  stage = await createTestDatabase();
});
afterAll(() => stage[Symbol.asyncDispose]());

test('a transaction whose connection is cut fails, and nothing else does', async () => {
  const { database } = stage;
  const cut = inTransaction(database, async (db) => {
    const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
    await database.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    // The news arrives while no query of this connection is under way.
    await sleep(200);
    await db.query('select 1');
  });
  await expect(cut).rejects.toThrow();
  expect((await database.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
});
