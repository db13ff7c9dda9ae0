import { ApplicationFailure, Context } from '@temporalio/activity';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker, type WorkflowBundlePath } from '@temporalio/worker';
import type { SessionId } from '../../../contracts/ids.ts';
import { AGENT_QUEUE, egressQueue, runnerQueue } from '../../../contracts/task-queues.ts';
import { type ScriptedWorld, scriptedWorld } from '../../support/scripted-activities.ts';
import { bundleWorkflows, startTemporal } from '../../support/temporal.ts';

let temporal: TestWorkflowEnvironment;
let workflowBundle: WorkflowBundlePath;
let threads = 0;

beforeAll(async () => {
  [temporal, workflowBundle] = await Promise.all([startTemporal(), bundleWorkflows()]);
}, 60_000);
afterAll(() => temporal?.teardown());

/** Runs one session in a world with the three workers of a real installation. */
async function inSession(world: ScriptedWorld, drive: (session: Session) => Promise<void>): Promise<void> {
  const { nativeConnection: connection } = temporal;
  const shared = { connection, namespace: 'bellhop', activities: world.activities, maxHeartbeatThrottleInterval: 200 };
  const workers = await Promise.all([
    Worker.create({ ...shared, taskQueue: AGENT_QUEUE, workflowBundle }),
    Worker.create({ ...shared, taskQueue: runnerQueue('r1') }),
    Worker.create({ ...shared, taskQueue: egressQueue('r1') }),
  ]);
  threads += 1;
  const session: SessionId = `slack:T1:C1:${threads}.0`;
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    const { workflow } = temporal.client;
    const say = (text: string) =>
      workflow.signalWithStart('threadSession', {
        taskQueue: AGENT_QUEUE,
        workflowId: session,
        args: [{ session }],
        signal: 'message',
        signalArgs: [{ inboxId: text }],
      });
    await drive({
      say: async () => void (await say('1')),
      stop: () => workflow.getHandle(session).signal('stop', { inboxId: '99', by: 'U2' }),
      ended: () => workflow.getHandle(session).result(),
      history: () => workflow.getHandle(session).fetchHistory(),
    });
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
  }
}

interface Session {
  say(): Promise<void>;
  stop(): Promise<void>;
  ended(): Promise<unknown>;
  history(): Promise<{ events?: unknown[] | null }>;
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 20) {
    if (waited > 10_000) throw new Error('waited for 10 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('a turn resolves access, works in a sandbox, answers, settles, rests and ends', async () => {
  const world = scriptedWorld();
  await inSession(world, async (session) => {
    await session.say();
    await session.ended();
  });
  const order = world.calls.filter((call) => !/resolve|place|provision|streamEgress/.test(call));
  expect(order).toEqual([
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
  await inSession(world, async (session) => {
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
  await inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('runTool 2'));
    const asked = performance.now();
    await session.stop();
    await until(() => world.calls.includes('settleSandbox'));
    expect(performance.now() - asked).toBeLessThan(2_000);
    await session.ended();
  });
  const end = world.calls.slice(world.calls.indexOf('settleSandbox'));
  expect(end.slice(0, 3)).toEqual(['settleSandbox', 'settleTools stopped', 'endTurn stopped']);
  expect(world.calls.filter((call) => call === 'callModel 3')).toEqual([]);
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
  await inSession(world, async (session) => {
    await session.say();
    await until(() => world.calls.includes('endTurn failed'));
    world.waiting = 1;
    await session.say();
    await session.ended();
  });
  expect(world.calls).toContain('settleTools unknown');
  expect(world.calls).toContain('endTurn answered');
}, 30_000);
