import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { inTransaction } from '../../../store/database.ts';
import { listenTo, type Notifications } from '../../../store/notifications.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

let db: TestDatabase;
let listening: Notifications;
const heard: string[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
  listening = listenTo({
    url: db.url,
    name: 'test',
    channels: ['bellhop_thread'],
    onNotify: (_, payload) => heard.push(payload),
  });
  await until(() => heard.length > 0);
});

afterAll(async () => {
  await listening.stop();
  await db[Symbol.asyncDispose]();
});

test('a transaction wakes listeners after its commit, and not at all when it is rolled back', async () => {
  const rolledBack = inTransaction(db.database, async (tx) => {
    tx.wake('bellhop_thread', 'rolled back');
    throw new Error('no');
  });
  await expect(rolledBack).rejects.toThrow('no');
  await inTransaction(db.database, async (tx) => {
    tx.wake('bellhop_thread', 'committed');
    await tx.query('select pg_sleep(0.1)');
    expect(heard).not.toContain('committed');
  });
  await until(() => heard.includes('committed'));
  expect(heard).not.toContain('rolled back');
});

test('equal wake-ups are sent once', async () => {
  for (let i = 0; i < 1_000; i += 1) db.database.wake('bellhop_thread', 'often');
  db.database.wake('bellhop_thread', 'last');
  await until(() => heard.includes('last'));
  expect(heard.filter((payload) => payload === 'often')).toHaveLength(1);
});
