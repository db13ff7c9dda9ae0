import { Context } from '@temporalio/activity';
import type { PlaceAnswer, PlaceInput } from '../../contracts/activities.ts';
import { contention } from '../support/contention.ts';
import { type ScriptedWorld, scriptedWorld } from '../support/scripted-activities.ts';
import { until } from '../support/until.ts';
import { startWorkflowStage, type WorkflowStage } from '../support/workflow-stage.ts';

let stage: WorkflowStage;

beforeAll(async () => {
  stage = await startWorkflowStage();
}, 60_000);
afterAll(() => stage?.close());

/** A world in which places are granted by the test. */
function crowdedWorld(overrides: Parameters<typeof scriptedWorld>[0] = {}) {
  const asks: PlaceInput[] = [];
  const granted = new Set<number>();
  const world: ScriptedWorld = scriptedWorld({
    async placeSandbox(ask): Promise<PlaceAnswer> {
      asks.push(ask);
      const { turn } = ask;
      return granted.has(turn) ? { runner: 'r1', sandbox: `sb${turn}` } : { waitsFor: 'RunnersFull' };
    },
    ...overrides,
  });
  return { world, asks, granted };
}

/** A model that asks for one tool in its first answer, when `goOn` lets it. */
const askingForATool =
  (goOn: Promise<void>) =>
  async ({ step }: { step: number }) => {
    if (step > 1) return { nextStep: step + 1, tools: [], done: true, limit: null };
    await goOn;
    return { nextStep: 3, tools: [{ step: 2, tool: 'bash', parallel: false }], done: false, limit: null };
  };

test('a tool that works in Slack needs no place and no sandbox: a gateway runs it, and the turn goes on', async () => {
  const world = scriptedWorld({
    placeSandbox: async () => ({ waitsFor: 'RunnersFull' }),
    async callModel({ step }) {
      world.waiting = 0;
      if (step > 1) return { nextStep: step + 1, tools: [], done: true, limit: null };
      const tools = [
        { step: 2, tool: 'read_thread', parallel: true, at: 'slack' as const },
        { step: 3, tool: 'read_thread', parallel: true, at: 'slack' as const },
      ];
      return { nextStep: 4, tools, done: false, limit: null };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
    expect(world.calls).toEqual(
      expect.arrayContaining(['useSlack 2', 'useSlack 3', 'callModel 4', 'endTurn answered']),
    );
    expect(world.calls.filter((call) => /runTool|provisionSandbox/.test(call))).toEqual([]);
  });
});

test('an answer without tools needs no place: the turn neither waits for one nor touches a runner', async () => {
  const { world, asks } = crowdedWorld({
    async callModel({ step }) {
      world.waiting = 0;
      return { nextStep: step + 1, tools: [], done: true, limit: null };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect(world.calls).toContain('endTurn answered');
  expect(asks).toEqual([expect.objectContaining({ turn: 1, needed: false })]);
  const onRunners = /provision|settleSandbox|streamEgress|pause|removeSandbox/;
  expect(world.calls.filter((call) => onRunners.test(call))).toEqual([]);
}, 30_000);

test('without a free place the turn thinks all the same, stands still at its first tool call, and goes on at the signal', async () => {
  const goOn = Promise.withResolvers<void>();
  const { world, asks, granted } = crowdedWorld({ callModel: askingForATool(goOn.promise) });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('callModel 1'));
    expect(asks.map(({ needed }) => needed)).toEqual([false]);
    goOn.resolve();
    await until(() => asks.some(({ needed }) => needed));
    expect(world.calls).not.toContain('provisionSandbox');
    world.waiting = 0;
    granted.add(1);
    const at = performance.now();
    await session.placeGranted();
    await until(() => world.calls.includes('runTool 2'));
    expect(performance.now() - at).toBeLessThan(2_000 * contention());
    await session.ended();
  });
  expect(world.calls).toContain('endTurn answered');
  expect(world.calls).toContain('settleSandbox');
}, 30_000);

test('a place that is granted while the model still thinks is provisioned at once', async () => {
  const goOn = Promise.withResolvers<void>();
  const { world, asks, granted } = crowdedWorld({ callModel: askingForATool(goOn.promise) });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => asks.length === 1 && world.calls.includes('callModel 1'));
    granted.add(1);
    await session.placeGranted();
    await until(() => world.calls.includes('provisionSandbox'));
    world.waiting = 0;
    goOn.resolve();
    await session.ended();
  });
  expect(world.calls).toContain('runTool 2');
}, 30_000);

test('a stop ends the wait, and the turn ends as a stopped one', async () => {
  const { world, asks } = crowdedWorld({ callModel: askingForATool(Promise.resolve()) });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => asks.some(({ needed }) => needed));
    const at = performance.now();
    world.waiting = 0;
    await session.stop();
    await until(() => world.calls.includes('endTurn stopped'));
    expect(performance.now() - at).toBeLessThan(2_000 * contention());
    await session.ended();
  });
  expect(world.calls).not.toContain('settleSandbox');
  expect(world.calls).toContain('settleTools stopped');
}, 30_000);

test('a signal of an earlier turn, given late or twice, does the next turn no harm', async () => {
  const { world, asks, granted } = crowdedWorld({
    callModel: askingForATool(Promise.resolve()),
    async runTool({ turn }) {
      world.waiting = 0;
      return { exitCode: turn, truncated: false };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    granted.add(1);
    await session.placeGranted();
    await session.placeGranted();
    await until(() => world.calls.includes('endTurn answered'));
    world.waiting = 1;
    await session.say();
    await until(() => asks.some(({ turn, needed }) => turn === 2 && needed));
    await session.placeGranted();
    await until(() => asks.filter(({ turn, needed }) => turn === 2 && needed).length >= 2);
    expect(world.calls.filter((call) => call === 'provisionSandbox')).toHaveLength(1);
    granted.add(2);
    await session.placeGranted();
    await session.ended();
  });
  expect(world.calls.filter((call) => call === 'endTurn answered')).toHaveLength(2);
}, 30_000);

test('what is done to a resting sandbox carries the fence of the last asking for a turn', async () => {
  const rests: unknown[] = [];
  const { world, granted } = crowdedWorld({
    pauseSandbox: async (input) => void rests.push(input),
    removeSandbox: async (input) => void rests.push(input),
    async runTool() {
      world.waiting = 0;
      await Context.current().sleep(10);
      return { exitCode: 0, truncated: false };
    },
  });
  granted.add(1);
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  const fence = { run: expect.any(Number), count: expect.any(Number) };
  expect(rests).toMatchObject([
    { sandbox: 'sb1', fence },
    { sandbox: 'sb1', fence },
  ]);
}, 30_000);

test('a turn whose runner dies before it begins is worked on by another one', async () => {
  const asks: PlaceInput[] = [];
  const world: ScriptedWorld = scriptedWorld({
    async placeSandbox(ask): Promise<PlaceAnswer> {
      asks.push(ask);
      return ask.lost === 'sb-dead' ? { runner: 'r1', sandbox: 'sb-new' } : { runner: 'gone', sandbox: 'sb-dead' };
    },
    callModel: askingForATool(Promise.resolve()),
    async runTool({ sandbox }) {
      world.waiting = 0;
      expect(sandbox).toBe('sb-new');
      return { exitCode: 0, truncated: false };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect(asks.map(({ lost }) => lost)).toEqual([undefined, 'sb-dead']);
  expect(world.calls).toContain('endTurn answered');
  expect(world.calls.filter((call) => call === 'settleSandbox')).toHaveLength(1);
  // Nobody takes a task of the dead runner's queue for 70 seconds.
}, 120_000);

test.each([
  ['knows', true],
  ['does not know', false],
])(
  'a turn whose workflow %s its place says so when it ends',
  async (_, isGranted) => {
    const ends: (boolean | undefined)[] = [];
    const goOn = Promise.withResolvers<void>();
    const { world, granted } = crowdedWorld({
      async callModel({ step }) {
        world.waiting = 0;
        await goOn.promise;
        return { nextStep: step + 1, tools: [], done: true, limit: null };
      },
      async endTurn({ hasPlace }) {
        ends.push(hasPlace);
        return { more: false };
      },
    });
    if (isGranted) granted.add(1);
    await stage.inSession(world, async (session) => {
      await session.say();
      await until(() => world.calls.includes(isGranted ? 'provisionSandbox' : 'callModel 1'));
      goOn.resolve();
      await session.ended();
    });
    expect(ends).toEqual([isGranted]);
  },
  30_000,
);
