import { ApplicationFailure } from '@temporalio/activity';
import { scriptedWorld } from '../support/scripted-activities.ts';
import { until } from '../support/until.ts';
import { startWorkflowStage, type WorkflowStage } from '../support/workflow-stage.ts';

let stage: WorkflowStage;

beforeAll(async () => {
  stage = await startWorkflowStage();
}, 60_000);
afterAll(() => stage?.close());

const HOUR = 3_600_000;

test('the housekeeper does every task at its start, repeats each at its own interval, and does a requested one at once', async () => {
  const world = scriptedWorld({ endAbandonedTurns: async () => ({ againInMs: 200 }) });
  const times = (task: string) => world.calls.filter((call) => call === task).length;
  await stage.inSession(world, async (session) => {
    await session.keepHouse();
    await session.keepHouse();
    await until(() => times('endAbandonedTurns') >= 3, 'a task with a short rhythm');
    expect([times('syncSchedules'), times('deleteOldRows')]).toEqual([1, 1]);
    await session.doNow('syncSchedules');
    await until(() => times('syncSchedules') === 2, 'the task that was asked for', 3_000);
    // Nothing that a signal may hold stops the others.
    await session.doNow('nothing of ours');
    const before = times('endAbandonedTurns');
    await until(() => times('endAbandonedTurns') > before, 'the next round');
    expect(times('deleteOldRows')).toBe(1);
    await session.terminate();
  });
}, 30_000);

test('a task that fails keeps no other one', async () => {
  const world = scriptedWorld({
    async syncSchedules() {
      throw ApplicationFailure.nonRetryable('no');
    },
    endAbandonedTurns: async () => ({ againInMs: 100 }),
  });
  const times = (task: string) => world.calls.filter((call) => call === task).length;
  await stage.inSession(world, async (session) => {
    await session.keepHouse();
    await until(() => times('endAbandonedTurns') >= 5 && times('syncSchedules') >= 1, 'rounds of another task');
    await session.doNow('syncSchedules');
    await until(() => times('syncSchedules') >= 2, 'the failed task when it is asked for');
    await session.terminate();
  });
}, 30_000);

test('a long history is handed over to a run that does each task when it is due', async () => {
  const world = scriptedWorld({
    endAbandonedTurns: async () => ({ againInMs: 0 }),
    syncSchedules: async () => ({ againInMs: HOUR }),
  });
  const times = (task: string) => world.calls.filter((call) => call === task).length;
  await stage.inSession(world, async (session) => {
    await session.keepHouse();
    await until(async () => (await session.histories()).length >= 2, 'a second run', 60_000);
    await until(() => times('endAbandonedTurns') > 150, 'work of the second run', 30_000);
    // They were not due.
    expect([times('syncSchedules'), times('deleteOldRows')]).toEqual([1, 1]);
    await session.doNow('syncSchedules');
    await until(() => times('syncSchedules') === 2, 'the task that was asked for');
    await session.terminate();
  });
}, 120_000);
