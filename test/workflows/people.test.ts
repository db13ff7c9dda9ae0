import { scriptedWorld } from '../support/scripted-activities.ts';
import { until } from '../support/until.ts';
import { startWorkflowStage, type WorkflowStage } from '../support/workflow-stage.ts';

let stage: WorkflowStage;

beforeAll(async () => {
  stage = await startWorkflowStage();
}, 60_000);
afterAll(() => stage?.close());

/** A world in which the tool asks a person until `answered` is set. */
function askingWorld(leftMs: number, minutes = 60) {
  const state = { answered: false };
  const world = scriptedWorld(
    {
      async runTool() {
        world.waiting = 0;
        return { exitCode: null, truncated: false, ...(!state.answered && { waitsMs: leftMs }) };
      },
    },
    { limits: { steps: 100, minutes, tokens: 1_000_000 } },
  );
  const ran = () => world.calls.filter((call) => call === 'runTool 2').length;
  return { world, state, ran };
}

test('a tool that asks a person is run again when the answer is signalled, and waiting is no work', async () => {
  const { world, state, ran } = askingWorld(600_000, 0.05);
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => ran() === 1, 'the tool to ask');
    // A signal that comes for nothing costs one look.
    await session.signal('answered');
    await until(() => ran() === 2, 'the tool to look');
    // Longer than the minutes of the turn.
    const since = Date.now();
    await until(() => Date.now() - since > 4_000, 'somebody to make up their mind');
    state.answered = true;
    await session.signal('answered', 'with anything in it');
    await session.ended();
  });
  expect(ran()).toBe(3);
  expect(world.calls).toContain('endTurn answered');
}, 40_000);

test('a question whose time is over is found without any signal', async () => {
  const { world, state, ran } = askingWorld(500);
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => ran() === 1, 'the tool to ask');
    state.answered = true;
    await session.ended();
  });
  expect(ran()).toBe(2);
}, 30_000);

test('a stop ends the wait for a person', async () => {
  const { world, ran } = askingWorld(600_000);
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => ran() === 1, 'the tool to ask');
    await session.stop();
    await session.ended();
  });
  expect(ran()).toBe(1);
  expect(world.calls).toContain('endTurn stopped');
  expect(world.calls).toContain('settleTools stopped');
}, 30_000);
