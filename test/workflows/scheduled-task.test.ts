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
}, 30_000);
