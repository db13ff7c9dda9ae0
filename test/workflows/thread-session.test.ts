import { ApplicationFailure, Context } from '@temporalio/activity';
import { contention } from '../support/contention.ts';
import { scriptedWorld } from '../support/scripted-activities.ts';
import { until } from '../support/until.ts';
import { startWorkflowStage, type WorkflowStage } from '../support/workflow-stage.ts';

let stage: WorkflowStage;

beforeAll(async () => {
  stage = await startWorkflowStage();
}, 60_000);
afterAll(() => stage?.close());

test('a turn resolves access, works in a sandbox, answers, settles, rests and ends', async () => {
  const world = scriptedWorld();
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  const order = world.calls.filter((call) => !/resolve|place|provision|streamEgress/.test(call));
  expect(order).toEqual([
    'openRun',
    'beginTurn',
    'callModel 1',
    'runTool 2',
    'callModel 3',
    'endTurn answered',
    'settleSandbox',
    'pauseSandbox',
    'removeSandbox',
    'noteSession closed',
  ]);
}, 30_000);

test('a message that comes while the answer is given keeps the turn going', async () => {
  const world = scriptedWorld({
    async callModel({ step }) {
      world.waiting = step === 1 ? 1 : 0;
      return { nextStep: step + 1, tools: [], done: true, limit: null };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect(world.calls.filter((call) => call.startsWith('callModel'))).toEqual(['callModel 1', 'callModel 2']);
  expect(world.calls.filter((call) => call.startsWith('endTurn'))).toHaveLength(2);
  expect(world.calls.filter((call) => call === 'settleSandbox')).toHaveLength(1);
}, 30_000);

test('a stop ends a running tool within two seconds, settles its call and starts nothing by itself', async () => {
  const world = scriptedWorld({
    async runTool() {
      const beating = setInterval(() => Context.current().heartbeat(), 100);
      try {
        await Context.current().sleep('60s');
      } finally {
        clearInterval(beating);
      }
      return { exitCode: 0, truncated: false };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('runTool 2'));
    const asked = performance.now();
    await session.stop();
    await until(() => world.calls.includes('settleSandbox'));
    expect(performance.now() - asked).toBeLessThan(2_000 * contention());
    await session.ended();
  });
  const end = world.calls.slice(world.calls.indexOf('settleSandbox'));
  expect(end.slice(0, 3)).toEqual(['settleSandbox', 'settleTools stopped', 'endTurn stopped']);
  expect(world.calls.filter((call) => call === 'callModel 3')).toEqual([]);
}, 30_000);

test('a stop that is given again does not end what was asked since', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let tools = 0;
  const world = scriptedWorld({
    async runTool() {
      tools += 1;
      const beating = setInterval(() => Context.current().heartbeat(), 100);
      try {
        await (tools === 1 ? Context.current().sleep('60s') : released);
      } finally {
        clearInterval(beating);
      }
      return { exitCode: 0, truncated: false };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => tools === 1);
    await session.stop();
    await until(() => world.calls.includes('endTurn stopped'));
    world.waiting = 1;
    await session.say();
    await until(() => tools === 2);
    await session.stop();
    release();
    await session.ended();
  });
  expect(world.calls.filter((call) => call.startsWith('endTurn'))).toEqual(['endTurn stopped', 'endTurn answered']);
}, 30_000);

test('a failure that no retry mends is told to the thread, and the session goes on', async () => {
  let refusals = 1;
  const world = scriptedWorld({
    async callModel({ step }) {
      world.waiting = 0;
      if (refusals-- > 0)
        throw ApplicationFailure.create({ type: 'ModelUnauthorized', nonRetryable: true, message: '401' });
      return { nextStep: step + 1, tools: [], done: true, limit: null };
    },
  });
  await stage.inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('endTurn failed'));
    world.waiting = 1;
    await session.say();
    await session.ended();
  });
  expect(world.calls).toContain('settleTools unknown');
  expect(world.calls).toContain('endTurn answered');
}, 30_000);

test('a short step that does not work out inside the workflow task is handed to the ordinary activity', async () => {
  const failures = new Map([
    ['beginTurn', 1],
    ['endTurn', 3],
  ]);
  const world = scriptedWorld();
  for (const name of ['beginTurn', 'endTurn'] as const) {
    const works = world.activities[name] as (input: never) => Promise<never>;
    world.activities[name] = async (input: never) => {
      const left = failures.get(name) ?? 0;
      failures.set(name, left - 1);
      if (left > 0) throw new Error('the database is away');
      return works(input);
    };
  }
  await stage.inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  expect(world.calls.filter((call) => call === 'endTurn answered')).toHaveLength(1);
  expect(world.calls).not.toContain('endTurn failed');
}, 30_000);
