import { Context } from '@temporalio/activity';
import type { ToolResult } from '../../contracts/activities.ts';
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

/** A turn of three seconds, with a call of a tool of an MCP server. */
function callingWorld(runTool: (workMs: number | undefined) => Promise<ToolResult>) {
  const world = scriptedWorld(
    {
      async callModel({ step }) {
        world.waiting = 0;
        const tools = [{ step: 2, tool: 'notes__ask', parallel: false }];
        if (step === 1) return { nextStep: 3, tools, done: false, limit: null };
        return { nextStep: step + 1, tools: [], done: true, limit: null };
      },
      runTool: ({ workMs }) => runTool(workMs),
    },
    { limits: { steps: 100, minutes: 0.05, tokens: 1_000_000 } },
  );
  return world;
}

test('a person whom a server asks in the middle of a call uses up none of the minutes of the turn', async () => {
  let given = 0;
  const world = callingWorld(async (workMs = 0) => {
    given = workMs;
    const beating = setInterval(() => Context.current().heartbeat(), 500);
    await Context.current()
      .sleep(4_000)
      .finally(() => clearInterval(beating));
    return { exitCode: null, truncated: false, waitedMs: 4_000 };
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect(given).toBeGreaterThan(0);
  expect(given).toBeLessThanOrEqual(3_000);
  expect(world.calls).toContain('endTurn answered');
}, 30_000);

test('a call that has worked for longer than the turn had left ends it', async () => {
  const world = callingWorld(async () => ({ exitCode: null, truncated: false, isLate: true }));
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect(world.calls).toContain('settleTools limit');
  expect(world.calls).toContain('endTurn limit');
}, 30_000);
