import { until } from '../../support/until.ts';
import { inActivity, type RunnerStage, startRunnerStage } from './support/runner-stage.ts';

let stage: RunnerStage;
beforeAll(async () => {
  stage = await startRunnerStage();
}, 900_000);
afterAll(async () => await stage?.[Symbol.asyncDispose](), 60_000);

test('a late attempt to settle an earlier turn ends no command of the turn that runs by now', async () => {
  const first = await stage.turn();
  await inActivity(() => stage.activities.settleSandbox(first));
  const turn = await stage.nextTurn(first, 'more');
  await inActivity(() => stage.activities.provisionSandbox(turn));
  await stage.openLease(turn);
  const input = await stage.bash(turn, 'sleep 600');
  const done = inActivity(() => stage.activities.runTool(input)).catch(() => undefined);
  const sleeps = async () => (await stage.agentProcesses(turn)).includes('sleep 600');
  await until(sleeps, 'the command');
  await inActivity(() => stage.activities.settleSandbox(first));
  expect(await sleeps()).toBe(true);
  await inActivity(() => stage.activities.settleSandbox(turn));
  await done;
  expect(await sleeps()).toBe(false);
}, 60_000);
