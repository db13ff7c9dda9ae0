import { ApplicationFailure } from '@temporalio/activity';
import type { FiringFailedInput } from '../../contracts/activities.ts';
import { scriptedWorld } from '../support/scripted-activities.ts';
import { startWorkflowStage, type WorkflowStage } from '../support/workflow-stage.ts';

let stage: WorkflowStage;

beforeAll(async () => {
  stage = await startWorkflowStage();
}, 60_000);
afterAll(() => stage?.close());

test('a scheduled task opens its thread, asks there and ends as its turn does', async () => {
  const world = scriptedWorld();
  await stage.inSession(world, async (session) => {
    await session.fire('report');
    expect(await session.ended()).toBe('answered');
  });
  expect(world.calls).toEqual(['openThread', 'askInThread', 'awaitTurn']);
}, 30_000);

test('a scheduled task whose turn failed has failed as well', async () => {
  const world = scriptedWorld({ awaitTurn: async () => 'failed' });
  await stage.inSession(world, async (session) => {
    await session.fire('report');
    await expect(session.ended()).rejects.toThrow(/failed/i);
  });
  expect(world.calls.at(-1)).toBe('tellFiringFailed ScheduledTurnFailed');
}, 30_000);

test.each(['ScheduleNotPosted', 'ScheduleRefused'] as const)(
  'a scheduled task that cannot be opened says so: %s',
  async (type) => {
    const told: FiringFailedInput[] = [];
    const world = scriptedWorld({
      openThread: async () => {
        throw ApplicationFailure.nonRetryable(type, type);
      },
      tellFiringFailed: async (input) => void told.push(input),
    });
    await stage.inSession(world, async (session) => {
      await session.fire('report');
      await expect(session.ended()).rejects.toThrow();
    });
    expect(told).toMatchObject([{ schedule: 'report', session: null, failure: type }]);
  },
  30_000,
);

test('a scheduled task that is refused in its channel says so in its thread', async () => {
  const told: FiringFailedInput[] = [];
  const world = scriptedWorld({
    awaitTurn: async () => {
      throw ApplicationFailure.nonRetryable('no', 'ScheduleRefused');
    },
    tellFiringFailed: async (input) => void told.push(input),
  });
  await stage.inSession(world, async (session) => {
    await session.fire('report');
    await expect(session.ended()).rejects.toThrow();
  });
  expect(told).toMatchObject([{ session: 'slack:T1:C1:1.0', failure: 'ScheduleRefused' }]);
}, 30_000);
