import { setTimeout as delay } from 'node:timers/promises';
import type { ProvisionInput } from '../../../contracts/activities.ts';
import { inTransaction } from '../../../store/database.ts';
import { advanceFence, lockSession } from '../../../store/turn-fence.ts';
import { until } from '../../support/until.ts';
import { holdConnections, holdDatabase } from './support/held-database.ts';
import { inActivity, type RunnerStage, startRunnerStage } from './support/runner-stage.ts';

let stage: RunnerStage;

beforeAll(async () => {
  stage = await startRunnerStage();
}, 900_000);
afterAll(async () => await stage?.[Symbol.asyncDispose](), 60_000);

/** The next turn of a session whose first one nobody settled. */
async function nextTurn(): Promise<ProvisionInput> {
  return stage.nextTurn(await stage.turn(), 'more');
}

const working: { turn: ProvisionInput; done: Promise<unknown> }[] = [];

async function startSleeping(turn: ProvisionInput): Promise<void> {
  await stage.openLease(turn);
  const input = await stage.bash(turn, 'sleep 600');
  const done = inActivity(() => stage.activities.runTool(input)).catch(() => undefined);
  working.push({ turn, done });
  await until(() => sleeps(turn), 'the command');
}

/** A command that is still followed would keep the test's process. */
afterEach(async () => {
  for (const { turn, done } of working.splice(0)) {
    await inActivity(() => stage.activities.settleSandbox(turn));
    await done;
  }
}, 30_000);

async function sleeps(turn: ProvisionInput): Promise<boolean> {
  return (await stage.agentProcesses(turn)).includes('sleep 600');
}

test('a late first attempt to provision ends no command of the turn that runs by now', async () => {
  const turn = await nextTurn();
  // Held when it has read that the turn before is not settled, which is true at that moment.
  const held = holdDatabase(
    stage.database,
    /settled_turn >= \$2/,
    'answering',
    (values) => values[1] === turn.turn - 1,
  );
  const late = inActivity(() => stage.activitiesWith({ database: held.database }).provisionSandbox(turn));
  await held.reached;
  const second = inActivity(() => stage.activities.provisionSandbox(turn));
  // The second attempt has to wait for the first one. If it does not, its command begins before the first one goes on.
  const overtook = await Promise.race([second.then(() => true), delay(2_000, false)]);
  if (overtook) await startSleeping(turn);
  held.release();
  await Promise.all([late, second]);
  if (!overtook) await startSleeping(turn);
  expect(await sleeps(turn)).toBe(true);
});

test('an attempt to provision that wakes up when its command runs ends nothing', async () => {
  const turn = await nextTurn();
  const frozen = holdConnections(stage.database);
  const late = inActivity(() => stage.activitiesWith({ database: frozen.database }).provisionSandbox(turn));
  await frozen.reached;
  // By another process, because the frozen one holds the sandbox's lock.
  await inActivity(() => stage.restarted().provisionSandbox(turn));
  await startSleeping(turn);
  frozen.release();
  expect(await late).toMatchObject({ created: false });
  expect(await sleeps(turn)).toBe(true);
});

test('an attempt to provision of an older turn that wakes up in a newer one does nothing', async () => {
  const old = await nextTurn();
  const frozen = holdConnections(stage.database);
  const late = inActivity(() => stage.activitiesWith({ database: frozen.database }).provisionSandbox(old));
  await frozen.reached;
  const turn = await stage.nextTurn(old, 'and more');
  // By another process, because the frozen one holds the sandbox's lock.
  await inActivity(() => stage.restarted().provisionSandbox(turn));
  await startSleeping(turn);
  frozen.release();
  await expect(late).rejects.toMatchObject({ type: 'SessionEnded', nonRetryable: true });
  expect(await sleeps(turn)).toBe(true);
});

test.each(['pauseSandbox', 'removeSandbox'] as const)(
  'a late %s of an older rest takes the sandbox from no turn that works in it',
  async (rest) => {
    const old = await stage.turn();
    const fence = { run: 1, count: 1 };
    const frozen = holdConnections(stage.database);
    const { [rest]: put } = stage.activitiesWith({ database: frozen.database });
    const late = inActivity(() => put({ session: old.session, sandbox: old.sandbox, fence }));
    await frozen.reached;
    const turn = await stage.nextTurn(old, 'more');
    await inActivity(() => stage.restarted().provisionSandbox(turn));
    frozen.release();
    await late;
    expect(await stage.fixture.runtime.state(turn.sandbox)).toBe('running');
  },
);

test('a rest of the newest fence is taken', async () => {
  const turn = await stage.turn();
  const { session, sandbox } = turn;
  await stage.database.query("update turn set state = 'answered' where session = $1", [session]);
  const fence = { run: 9, count: 1 };
  await inTransaction(stage.database, async (db) => {
    await lockSession(db, session);
    await advanceFence(db, session, fence);
  });
  await inActivity(() => stage.activities.removeSandbox({ session, sandbox, fence }));
  expect(await stage.fixture.runtime.state(sandbox)).toBe('missing');
});
