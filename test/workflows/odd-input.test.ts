import { ApplicationFailure, Context } from '@temporalio/activity';
import type { BeginTurnInput, EndTurnInput } from '../../contracts/activities.ts';
import { isOlder } from '../../contracts/fence.ts';
import { scriptedWorld } from '../support/scripted-activities.ts';
import { until } from '../support/until.ts';
import { startWorkflowStage, type WorkflowStage } from '../support/workflow-stage.ts';

let stage: WorkflowStage;

beforeAll(async () => {
  stage = await startWorkflowStage();
}, 60_000);
afterAll(() => stage?.close());

const ODD_STOPS: readonly unknown[] = [
  undefined,
  null,
  'stop',
  17,
  [],
  {},
  { inboxId: 'abc', by: 'U1' },
  { inboxId: '-1', by: 'U1' },
  { inboxId: 5, by: 'U1' },
  { inboxId: '5' },
  { inboxId: '5', by: '' },
  { inboxId: '9'.repeat(30), by: 'U1' },
];

test('signals that are not valid are ignored and noted, and the session works on', async () => {
  const released = Promise.withResolvers<void>();
  const world = scriptedWorld({
    async runTool() {
      const beating = setInterval(() => Context.current().heartbeat(), 100);
      await released.promise.finally(() => clearInterval(beating));
      return { exitCode: 0, truncated: false };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('runTool 2'));
    for (const odd of ODD_STOPS) await session.signal('stop', odd);
    await session.signal('message', null);
    // What such a signal carries is never read: the turn asks PostgreSQL for its place.
    await session.signal('place', { runner: 'other', sandbox: '../x' });
    await session.signal('approve', { id: 1 });
    const ignored = ODD_STOPS.length + 1;
    await until(async () => (await session.details()).includes(`${ignored} signals were not valid`), 'the note');
    released.resolve();
    await session.ended();
    expect((await session.histories()).join()).not.toContain('WORKFLOW_TASK_FAILED');
  });
  expect(world.calls).toContain('endTurn answered');
  expect(world.calls).not.toContain('endTurn stopped');
}, 40_000);

test('what Temporal UI shows names everybody who has steered the turn', async () => {
  const released = Promise.withResolvers<void>();
  const usual = scriptedWorld();
  const world = scriptedWorld({
    async callModel(input) {
      world.waiting = 0;
      return { ...(await usual.activities.callModel(input)), steeredBy: ['U1', 'U2', 'U3'] };
    },
    async runTool() {
      const beating = setInterval(() => Context.current().heartbeat(), 100);
      await released.promise.finally(() => clearInterval(beating));
      return { exitCode: 0, truncated: false };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(async () => (await session.details()).includes('for U1 · steered by U2, U3'), 'the names');
    released.resolve();
    await session.ended();
  });
}, 40_000);

test('a stop that is valid is still heard after one that was not', async () => {
  const world = scriptedWorld({
    async runTool() {
      const beating = setInterval(() => Context.current().heartbeat(), 100);
      await Context.current()
        .sleep('60s')
        .finally(() => clearInterval(beating));
      return { exitCode: 0, truncated: false };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('runTool 2'));
    await session.signal('stop', { inboxId: 'x' });
    await session.stop();
    await session.ended();
  });
  expect(world.calls).toContain('endTurn stopped');
}, 40_000);

test.each([[], [null], [{}], [{ session: 5 }], [{ session: 'slack:T1' }]])(
  'a session that is started with %j fails at once, with a stated failure',
  async (...args) => {
    const world = scriptedWorld();
    await stage.inSession(world, async (session) => {
      await session.startWith('threadSession', ...args);
      await expect(session.ended()).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
    });
    expect(world.calls).toEqual([]);
  },
  30_000,
);

test.each([[null], [{}], [{ schedule: '' }], [{ schedule: 5 }]])(
  'a scheduled task that is started with %j fails at once, with a stated failure',
  async (...args) => {
    const world = scriptedWorld();
    await stage.inSession(world, async (session) => {
      await session.startWith('scheduledTask', ...args);
      await expect(session.ended()).rejects.toMatchObject({ cause: { type: 'InvalidInput' } });
    });
    expect(world.calls).toEqual([]);
  },
  30_000,
);

test('what an earlier run hands over and is not valid is left out, and the session works', async () => {
  const world = scriptedWorld();
  await stage.inSession(world, async (session) => {
    const odd = { rest: 'soon', placement: { runner: 7 }, stop: { inboxId: {} }, egress: [], fence: 1, turn: -1 };
    await session.startWith('threadSession', { session: session.id, ...odd });
    await session.ended();
  });
  expect(world.calls).toContain('endTurn answered');
}, 30_000);

test('every asking has a higher fence than the one before, also in a run that takes over', async () => {
  const askings: BeginTurnInput[] = [];
  const world = scriptedWorld(
    {
      async callModel({ step }) {
        world.waiting = 0;
        const tools = Array.from({ length: 60 }, (_, index) => ({
          step: step + 1 + index,
          tool: 'bash',
          parallel: true,
        }));
        return step === 1
          ? { nextStep: 62, tools, done: false, limit: null }
          : { nextStep: step + 1, tools: [], done: true, limit: null };
      },
    },
    { rest: { pauseAfterMs: 5_000, removeAfterMs: 500 } },
  );
  const { beginTurn } = world.activities;
  Object.assign(world.activities, {
    beginTurn: (input: BeginTurnInput) => {
      askings.push(input);
      return beginTurn(input);
    },
  });
  const answers = () => world.calls.filter((made) => made === 'endTurn answered').length;
  await stage.inSession(world, async (session) => {
    for (let turn = 1; turn <= 3; turn += 1) {
      world.waiting = 1;
      await session.say();
      await until(() => answers() === turn, `turn ${turn}`, 30_000);
    }
    await session.ended();
    expect((await session.histories()).length).toBeGreaterThan(1);
  });
  for (const [index, { fence }] of askings.entries()) {
    const before = askings[index - 1];
    if (before && before.fence !== fence) expect(isOlder(before.fence, fence)).toBe(true);
  }
  expect(askings.at(-1)?.after).toBe(3);
}, 120_000);

test('a turn that the database does not know any more ends with that, and the next message is worked on', async () => {
  const ends: EndTurnInput[] = [];
  let lost = true;
  const world = scriptedWorld({
    async callModel({ step }) {
      world.waiting = 0;
      if (lost) throw ApplicationFailure.nonRetryable('turn 1 is not in the database', 'TurnMissing');
      return { nextStep: step + 1, tools: [], done: true, limit: null };
    },
    endTurn: async (input) => ({ more: ends.push(input) === 0 }),
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => ends.length === 1);
    lost = false;
    world.waiting = 1;
    await session.say();
    await until(() => ends.length === 2);
    await session.ended();
  });
  expect(ends).toMatchObject([{ ending: 'failed', failure: 'TurnMissing' }, { ending: 'answered' }]);
}, 40_000);
