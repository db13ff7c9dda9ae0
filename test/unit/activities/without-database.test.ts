import { MockActivityEnvironment } from '@temporalio/testing';
import { createAgentActivities } from '../../../activities/create-agent-activities.ts';
import { createEgressActivities, createRunnerActivities } from '../../../activities/create-runner-activities.ts';
import { createKeyedLock } from '../../../activities/keyed-lock.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import { type Database, openDatabase } from '../../../store/database.ts';

const INPUT = { session: 'slack:T1:C1:1.0', turn: 1, step: 1, tool: 'bash', sandbox: 'sb1', claim: 'c' };

/** Nothing listens there. */
let database: Database;

beforeAll(() => {
  database = openDatabase({ url: 'postgresql://nobody@127.0.0.1:1/none', name: 'test', connections: 1 });
});
afterAll(() => database.end());

function everything(): Record<string, (input: unknown) => Promise<unknown>> {
  const unused = {} as never;
  return {
    ...createAgentActivities({
      database,
      model: unused,
      prompt: { name: 'bellhop', channelLabel: async () => null },
      settings: DEFAULT_SESSION_SETTINGS,
      log: { warn: () => undefined } as never,
    }),
    ...createRunnerActivities({
      runner: 'r1',
      runtime: unused,
      proxy: { waitForLease: () => new Promise(() => undefined), closeLease: async () => undefined } as never,
      database,
      lock: createKeyedLock(),
      caBundle: async () => '',
      workspaceMb: 1,
      workspaceFiles: 1,
    }),
    ...createEgressActivities({ proxy: unused, database }),
  } as never;
}

test.each(['beginTurn', 'placeSandbox', 'endTurn', 'callModel', 'runTool', 'streamEgress', 'settleSandbox'])(
  '%s says that the database is away, and is tried again',
  async (name) => {
    const activity = everything()[name];
    const run = new MockActivityEnvironment().run(activity as (input: unknown) => Promise<unknown>, INPUT);
    await expect(run).rejects.toMatchObject({ type: 'DatabaseUnavailable', nonRetryable: false });
  },
);

test('the eight attempts of a model call outlast five minutes without a database', async () => {
  let waited = 0;
  for (let attempt = 1; attempt < 8; attempt += 1) {
    const environment = new MockActivityEnvironment({ attempt, retryPolicy: { maximumAttempts: 8 } });
    const callModel = everything().callModel as (input: unknown) => Promise<unknown>;
    const error = (await environment.run(callModel, INPUT).catch((thrown: unknown) => thrown)) as {
      nextRetryDelay: number;
    };
    if (attempt === 1) expect(error.nextRetryDelay).toBe(1_000);
    waited += error.nextRetryDelay;
  }
  expect(waited).toBeGreaterThanOrEqual(300_000);
});
