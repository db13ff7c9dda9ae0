import { randomUUID } from 'node:crypto';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { cronProblem, nextRuns } from '../../../access/schedule-times.ts';
import { openTimeZone } from '../../../access/time-zone.ts';
import { NAMESPACE } from '../../../contracts/search-attributes.ts';
import { startTemporal } from '../../support/temporal.ts';

const DAY = 86_400;

let temporal: TestWorkflowEnvironment;
beforeAll(async () => {
  temporal = await startTemporal();
}, 60_000);
afterAll(() => temporal?.teardown());

/** When Temporal itself would fire, asked of a paused schedule. */
async function temporalRuns(cron: string, timezone: string, from: Date, days: number): Promise<string[]> {
  const scheduleId = randomUUID();
  const schedule = await temporal.client.schedule.create({
    scheduleId,
    spec: { cronExpressions: [cron], timezone },
    state: { paused: true },
    action: { type: 'startWorkflow', workflowType: 'none', taskQueue: 'none', args: [] },
  });
  const seconds = from.getTime() / 1000;
  const { startTime } = await temporal.connection.workflowService.listScheduleMatchingTimes({
    namespace: NAMESPACE,
    scheduleId,
    startTime: { seconds: seconds as never },
    endTime: { seconds: (seconds + days * DAY) as never },
  });
  await schedule.delete();
  return (startTime ?? []).map((time) => new Date(Number(time.seconds) * 1000).toISOString());
}

test.each([
  ['0 9 * * MON-FRI', 'Europe/Berlin', '2027-03-26T12:00:00Z', 9],
  ['30 2 * * *', 'Europe/Berlin', '2027-03-26T12:00:00Z', 9],
  ['0 0 * * *', 'America/Santiago', '2027-09-03T12:00:00Z', 9],
  ['0 0 * * 7', 'Asia/Tokyo', '2027-08-26T12:00:00Z', 30],
  ['10-50/20 */6 1,15 * *', 'Asia/Kolkata', '2027-08-26T12:00:00Z', 30],
  ['0 9 * JAN-MAR/2 sun,tue', 'UTC', '2027-08-26T12:00:00Z', 200],
  ['0 9 29 2 *', 'UTC', '2027-03-26T12:00:00Z', 800],
  ['5 18 24 12 * 2028', 'Europe/Berlin', '2027-03-26T12:00:00Z', 800],
])('the runs shown for %s in %s are those of Temporal', async (cron, timezone, start, days) => {
  const from = new Date(start);
  const zone = openTimeZone(timezone);
  if (!zone) throw new Error(`no zone ${timezone}`);
  const expected = (await temporalRuns(cron, timezone, from, days)).slice(0, 5);
  expect(expected.length).toBeGreaterThan(0);
  expect(cronProblem(cron)).toBeNull();
  const shown = nextRuns(cron, zone, from, expected.length).map((run) => run.toISOString());
  expect(shown).toEqual(expected);
});
