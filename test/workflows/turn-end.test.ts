import { ApplicationFailure, Context } from '@temporalio/activity';
import type { EndTurnInput } from '../../contracts/activities.ts';
import type { FailureType } from '../../contracts/failures.ts';
import { scriptedWorld } from '../support/scripted-activities.ts';
import { until } from '../support/until.ts';
import { startWorkflowStage, type WorkflowStage } from '../support/workflow-stage.ts';

let stage: WorkflowStage;

beforeAll(async () => {
  stage = await startWorkflowStage();
}, 60_000);
afterAll(() => stage?.close());

/** Tried again until the test is over. */
async function failing(type: FailureType): Promise<never> {
  throw ApplicationFailure.create({ type, message: type, nextRetryDelay: 100 });
}

/** No attempt is left, whatever it was. */
async function failed(type: FailureType): Promise<never> {
  throw ApplicationFailure.nonRetryable(type, type);
}

test('a turn that fails while the image is still being built is told to the thread at once', async () => {
  const world = scriptedWorld({
    provisionSandbox: () => failing('SandboxImageMissing'),
    callModel: () => failed('ModelUnauthorized'),
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('endTurn failed'));
    await session.ended();
  });
  expect(world.calls).toContain('settleSandbox');
}, 30_000);

test('after an answer that needed no sandbox the next message is worked on, though none can be started', async () => {
  const world = scriptedWorld({
    provisionSandbox: () => failing('ProvisionFailed'),
    async callModel({ step }) {
      world.waiting = 0;
      return { nextStep: step + 1, tools: [], done: true, limit: null };
    },
  });
  const answers = () => world.calls.filter((call) => call === 'endTurn answered').length;
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => answers() === 1);
    world.waiting = 1;
    await session.say();
    await until(() => answers() === 2);
    await session.ended();
  });
}, 30_000);

test('a missing image is waited for by further rounds, and the work is done when it is there', async () => {
  let rounds = 2;
  const world = scriptedWorld({
    async provisionSandbox() {
      if (rounds-- > 0) await failed('SandboxImageMissing');
      return { created: true };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect(world.calls.filter((call) => call === 'provisionSandbox')).toHaveLength(3);
  expect(world.calls).toContain('runTool 2');
  expect(world.calls).toContain('endTurn answered');
}, 30_000);

test('a sandbox that cannot be started for another reason ends the turn that needs it', async () => {
  const ends: EndTurnInput[] = [];
  const world = scriptedWorld({
    provisionSandbox: () => failed('ProvisionFailed'),
    endTurn: async (input) => ({ more: ends.push(input) === 0 }),
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect(ends).toMatchObject([{ ending: 'failed', failure: 'ProvisionFailed' }]);
  expect(world.calls).not.toContain('runTool 2');
}, 30_000);

test.each(['RunnersFull', 'RunnerUnavailable'] as const)(
  'a turn that found no place is told to the thread as %s',
  async (type) => {
    const ends: EndTurnInput[] = [];
    const world = scriptedWorld({
      placeSandbox: () => failed(type),
      endTurn: async (input) => ({ more: ends.push(input) === 0 }),
    });
    await stage.inSession(world, async (session) => {
      await session.say();
      await session.ended();
    });
    expect(ends).toMatchObject([{ ending: 'failed', failure: type }]);
    expect(world.calls).not.toContain('runTool 2');
  },
  30_000,
);

test('nobody goes on waiting for a place when access cannot be resolved', async () => {
  const world = scriptedWorld(
    {
      async resolveScopeAccess() {
        world.waiting = 0;
        await until(() => world.calls.filter((call) => call === 'placeSandbox').length > 2);
        return failed('AccessDisabled');
      },
      placeSandbox: () => failing('RunnersFull'),
    },
    { rest: { pauseAfterMs: 60_000, removeAfterMs: 0 } },
  );
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('endTurn failed'));
    const cancelled = async () => (await session.histories()).join().includes('ACTIVITY_TASK_CANCEL_REQUESTED');
    await until(cancelled, 'the waiting to be cancelled');
    await session.cancel();
    await expect(session.ended()).rejects.toThrow();
  });
}, 30_000);

test('what was placed for a turn without access is given back', async () => {
  const world = scriptedWorld({
    async resolveScopeAccess() {
      world.waiting = 0;
      await until(() => world.calls.includes('placeSandbox'));
      return failed('AccessDisabled');
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect(world.calls).toContain('endTurn failed');
  expect(world.calls).toContain('removeSandbox');
  expect(world.calls).not.toContain('provisionSandbox');
}, 30_000);

test('a stop is told to the thread also when the runner does not answer, and settling goes on', async () => {
  const told = () => world.calls.includes('endTurn stopped');
  const world = scriptedWorld({
    runTool: () => hanging(),
    async settleSandbox() {
      if (!told()) throw new Error('the engine is away');
    },
    streamEgress: () => hanging(),
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('runTool 2'));
    await session.stop();
    await until(told, 'the thread to be told', 20_000);
    const settles = world.calls.filter((call) => call === 'settleSandbox').length;
    await until(() => world.calls.filter((call) => call === 'settleSandbox').length > settles);
  });
}, 60_000);

test('an operator cancels a session whose history is long: its turn ends, and no other run takes over', async () => {
  const reads = Array.from({ length: 170 }, (_, index) => ({ step: index + 2, tool: 'read_file', parallel: true }));
  const world = scriptedWorld(
    {
      async callModel({ step }) {
        world.waiting = 0;
        if (step > 1) return hanging();
        return { nextStep: reads.length + 2, tools: reads, done: false, limit: null };
      },
    },
    { limits: { steps: 1_000, minutes: 60, tokens: 1_000_000 } },
  );
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes(`callModel ${reads.length + 2}`), 'the second model call', 30_000);
    await session.cancel();
    await expect(session.ended()).rejects.toThrow(/cancelled/);
    expect(await session.histories()).toHaveLength(1);
  });
  expect(world.calls).toContain('endTurn stopped');
  expect(world.calls).toContain('removeSandbox');
}, 90_000);

async function hanging(): Promise<never> {
  const beating = setInterval(() => Context.current().heartbeat(), 100);
  try {
    await Context.current().cancelled;
  } finally {
    clearInterval(beating);
  }
  throw new Error('unreachable');
}
