import { Context } from '@temporalio/activity';
import type { ToolRef } from '../../contracts/activities.ts';
import { scriptedWorld } from '../support/scripted-activities.ts';
import { until } from '../support/until.ts';
import { startWorkflowStage, type WorkflowStage } from '../support/workflow-stage.ts';

let stage: WorkflowStage;

beforeAll(async () => {
  stage = await startWorkflowStage();
}, 60_000);
afterAll(() => stage?.close());

const command = (step: number): ToolRef => ({ step, tool: 'bash', parallel: false });
const read = (step: number): ToolRef => ({ step, tool: 'read_file', parallel: true });

/** A model that asks for these tools in its first answer and is done in its second. */
function asking(tools: readonly ToolRef[]) {
  return async ({ step }: { step: number }) => {
    if (step > 1) return { nextStep: step + 1, tools: [], done: true, limit: null };
    return { nextStep: tools.length + 2, tools, done: false, limit: null };
  };
}

async function hanging(): Promise<never> {
  const beating = setInterval(() => Context.current().heartbeat(), 100);
  try {
    await Context.current().cancelled;
  } finally {
    clearInterval(beating);
  }
  throw new Error('unreachable');
}

test('reads of one answer run side by side; commands run in order, alone', async () => {
  const running = new Set<number>();
  const beside = new Map<number, number>();
  const world = scriptedWorld({
    callModel: asking([command(2), read(3), read(4), command(5), command(6)]),
    async runTool({ step, tool }) {
      world.waiting = 0;
      running.add(step);
      // Both reads are under way before either ends; whoever runs beside a command would be seen here.
      if (tool === 'read_file') await until(() => beside.has(step) || running.size === 2);
      beside.set(step, running.size);
      if (tool === 'read_file') await until(() => beside.has(3) && beside.has(4));
      running.delete(step);
      return { exitCode: 0, truncated: false };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect([...beside].sort()).toEqual([
    [2, 1],
    [3, 2],
    [4, 2],
    [5, 1],
    [6, 1],
  ]);
  const order = world.calls.filter((call) => call.startsWith('runTool'));
  expect(order[0]).toBe('runTool 2');
  expect(order.slice(3)).toEqual(['runTool 5', 'runTool 6']);
}, 30_000);

test('tool calls beyond the limit of steps are not run, and the turn ends at its limit', async () => {
  const world = scriptedWorld(
    { callModel: asking([command(2), read(3), read(4), command(5)]) },
    { limits: { steps: 3, minutes: 60, tokens: 1_000_000 } },
  );
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('endTurn limit'));
    world.waiting = 0;
    await session.ended();
  });
  expect(world.calls.filter((call) => call.startsWith('runTool'))).toEqual(['runTool 2', 'runTool 3']);
  expect(world.calls.filter((call) => call.startsWith('callModel'))).toEqual(['callModel 1']);
  const end = world.calls.slice(world.calls.indexOf('settleSandbox'));
  expect(end.slice(0, 3)).toEqual(['settleSandbox', 'settleTools limit', 'endTurn limit']);
}, 30_000);

test("a command that outlasts the turn's minutes is ended with it, and those after it are not run", async () => {
  let cancelled = false;
  const world = scriptedWorld(
    {
      callModel: asking([command(2), command(3)]),
      runTool: () =>
        hanging().finally(() => {
          cancelled = true;
        }),
    },
    { limits: { steps: 100, minutes: 0.05, tokens: 1_000_000 } },
  );
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('endTurn limit'), 'the limit of minutes', 20_000);
    world.waiting = 0;
    await until(() => cancelled, 'the command to be let go');
    await session.ended();
  });
  expect(world.calls.filter((call) => call.startsWith('runTool'))).toEqual(['runTool 2']);
  expect(world.calls).toContain('settleTools limit');
}, 40_000);

test("the wait for a sandbox is not counted as the turn's work", async () => {
  const world = scriptedWorld(
    {
      callModel: asking([command(2)]),
      async provisionSandbox() {
        await Context.current().sleep(4_000);
        return { created: true };
      },
    },
    { limits: { steps: 100, minutes: 0.05, tokens: 1_000_000 } },
  );
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('runTool 2'), 'the tool', 20_000);
    world.waiting = 0;
    await session.ended();
  });
  expect(world.calls).toContain('endTurn answered');
}, 40_000);

test.each(['minutes', 'tokens'] as const)(
  'a turn that has used up its %s before a model call ends there',
  async (limit) => {
    const world = scriptedWorld({
      async callModel({ step }) {
        world.waiting = 0;
        if (step === 1) return { nextStep: 3, tools: [command(2)], done: false, limit: null };
        return { nextStep: step, tools: [], done: false, limit };
      },
    });
    await stage.inSession(world, async (session) => {
      await session.say();
      await session.ended();
    });
    expect(world.calls).toContain('runTool 2');
    expect(world.calls).toContain('endTurn limit');
    expect(world.calls).not.toContain('endTurn answered');
  },
  30_000,
);
