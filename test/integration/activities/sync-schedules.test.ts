import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { syncSchedules } from '../../../activities/sync-schedules.ts';
import { scheduleIdOf } from '../../../contracts/schedules.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { startTemporal } from '../../support/temporal.ts';

let temporal: TestWorkflowEnvironment;
let db: TestDatabase;

beforeAll(async () => {
  [temporal, db] = await Promise.all([startTemporal(), createTestDatabase()]);
}, 60_000);
afterAll(async () => {
  await temporal?.teardown();
  await db?.[Symbol.asyncDispose]();
});

function write(name: string, cron: string, paused = false) {
  return db.database.query(
    `insert into schedule (name, team, channel, cron, timezone, prompt, paused, policy_version)
     values ($1, 'T1', 'C1', $2, 'Europe/Berlin', 'do it', $3, 1)
     on conflict (name) do update set cron = $2, paused = $3`,
    [name, cron, paused],
  );
}

test("Temporal's schedules follow the access file, and a round that finds nothing to do changes nothing", async () => {
  const dependencies = { client: temporal.client, database: db.database };
  await write('report', '0 9 * * 1');
  await write('digest', '30 7 * * *', true);
  expect(await syncSchedules(dependencies)).toEqual({ created: ['digest', 'report'], updated: [], deleted: [] });
  expect(await syncSchedules(dependencies)).toEqual({ created: [], updated: [], deleted: [] });

  const digest = await temporal.client.schedule.getHandle(scheduleIdOf('digest')).describe();
  expect(digest.state.paused).toBe(true);
  expect(digest.spec.timezone).toBe('Europe/Berlin');

  await write('report', '0 10 * * 1');
  await write('digest', '30 7 * * *', false);
  expect(await syncSchedules(dependencies)).toEqual({ created: [], updated: ['digest', 'report'], deleted: [] });
  const next = (await temporal.client.schedule.getHandle(scheduleIdOf('report')).describe()).info.nextActionTimes[0];
  const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', timeZone: 'Europe/Berlin' }).format(next);
  expect(hour).toBe('10');

  await db.database.query("update schedule set channel = 'C2' where name = 'report'");
  expect((await syncSchedules(dependencies)).updated).toEqual(['report']);

  await db.database.query("delete from schedule where name = 'report'");
  expect((await syncSchedules(dependencies)).deleted).toEqual(['report']);
}, 30_000);

test('a schedule of somebody else on the same server is left alone', async () => {
  await temporal.client.schedule.create({
    scheduleId: 'theirs',
    spec: { intervals: [{ every: '1h' }] },
    action: { type: 'startWorkflow', workflowType: 'x', taskQueue: 'x' },
  });
  await syncSchedules({ client: temporal.client, database: db.database });
  await expect(temporal.client.schedule.getHandle('theirs').describe()).resolves.toBeDefined();
}, 30_000);
