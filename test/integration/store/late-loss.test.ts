import { finishCatchUp, requestCatchUp, takeCatchUpLease } from '../../../store/catch-up.ts';
import { beat, oldestWatermark } from '../../../store/slack-watermark.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1_000);

test('a gateway that dies while another one catches up is still missed when the catch-up ends', async () => {
  const { database } = db;
  await beat(database, 'T1', 'reads', 400_000);
  await beat(database, 'T1', 'dies', 400_000);
  await requestCatchUp(database, 'T1', 'reads', 400_000);
  // The catch-up reads up to five minutes ago, and takes five minutes. The other gateway was there for three of them.
  const until = ago(300);
  await database.query('update slack_catch_up set needed_until = $1', [until]);
  const lease = await takeCatchUpLease(database, 'T1', 'reads');
  await beat(database, 'T1', 'dies', 120_000);
  await database.query("update slack_watermark set beat_at = $1 where gateway = 'dies'", [ago(120)]);
  await beat(database, 'T1', 'reads', null);
  expect(await finishCatchUp(database, lease as NonNullable<typeof lease>, until)).toBe(true);
  expect((await beat(database, 'T1', 'reads', 1_000)).lost).toBe(true);
  expect((await oldestWatermark(database, 'T1'))?.getTime()).toBeLessThanOrEqual(ago(119).getTime());

  // The next one reads beyond the death, and forgets the row.
  const next = await requestCatchUp(database, 'T1', 'reads', 1_000);
  const again = await takeCatchUpLease(database, 'T1', 'reads');
  expect(await finishCatchUp(database, again as NonNullable<typeof again>, next)).toBe(true);
  expect((await beat(database, 'T1', 'reads', null)).lost).toBe(false);
});
