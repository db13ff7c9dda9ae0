import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { Worker } from '@temporalio/worker';
import { scriptedWorld } from '../support/scripted-activities.ts';
import { bundleWorkflows } from '../support/temporal.ts';
import { until } from '../support/until.ts';
import { startWorkflowStage, type WorkflowStage } from '../support/workflow-stage.ts';

const TURNS = 300;
let stage: WorkflowStage;

beforeAll(async () => {
  stage = await startWorkflowStage();
}, 60_000);
afterAll(() => stage?.close());

test('a thread of 300 turns stays under 2,000 events a run and 1 MB of history, and replays', async () => {
  const world = scriptedWorld();
  let histories: string[] = [];
  await stage.inSession(world, async (session) => {
    for (let turn = 1; turn <= TURNS; turn += 1) {
      world.waiting = 1;
      await session.say();
      await until(() => world.calls.filter((call) => call === 'endTurn answered').length === turn, `turn ${turn}`);
    }
    await session.ended();
    histories = await session.histories();
  });
  const sizes = histories.map((json) => ({ events: JSON.parse(json).events.length as number, bytes: json.length }));
  console.info(`300 turns: ${sizes.length} runs, ${sizes.map((s) => `${s.events} events ${s.bytes} B`).join('; ')}`);
  for (const { events, bytes } of sizes) {
    expect(events).toBeLessThan(2_000);
    expect(bytes).toBeLessThan(1_000_000);
  }
  expect(sizes.length).toBeGreaterThan(1);
  const workflowBundle = await bundleWorkflows();
  for (const json of histories) await Worker.runReplayHistory({ workflowBundle }, historyFromJSON(JSON.parse(json)));
}, 240_000);
