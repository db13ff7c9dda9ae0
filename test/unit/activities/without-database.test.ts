import { MockActivityEnvironment } from '@temporalio/testing';
import { createAgentActivities } from '../../../activities/create-agent-activities.ts';
import { createEgressActivities, createRunnerActivities } from '../../../activities/create-runner-activities.ts';
import { createKeyedLock } from '../../../activities/keyed-lock.ts';
import { nameFailures } from '../../../activities/name-failures.ts';
import { createPacedStarts } from '../../../activities/paced-starts.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import { type Database, openDatabase } from '../../../store/database.ts';

const INPUT = {
  session: 'slack:T1:C1:1.0',
  turn: 1,
  step: 1,
  tool: 'bash',
  sandbox: 'sb1',
  fence: { run: 1, count: 1 },
  after: 0,
};

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
      prompt: { name: 'bellhop' },
      settings: DEFAULT_SESSION_SETTINGS,
      log: { warn: () => undefined } as never,
    }),
    ...createRunnerActivities({
      runner: 'r1',
      runtime: unused,
      proxy: { waitForLease: () => new Promise(() => undefined), closeLease: async () => undefined } as never,
      database,
      lock: createKeyedLock(),
      pacedStarts: createPacedStarts(2),
      makeRoom: async () => undefined,
      gitAuthor: 'Bellhop <bellhop@localhost>',
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

test('the pause grows with the time for which the database has been away, and a new outage begins with a short one', async () => {
  let now = 0;
  const away = async (): Promise<never> => {
    throw Object.assign(new Error('connect ECONNREFUSED'), { syscall: 'connect', address: '127.0.0.1' });
  };
  let works = false;
  const named = nameFailures({ look: async () => (works ? 'fine' : away()) }, { clock: () => now, random: () => 0.5 });
  const pauseAt = async (seconds: number) => {
    now = seconds * 1_000;
    const failed = await new MockActivityEnvironment()
      .run(named.look as () => Promise<unknown>)
      .catch((error: unknown) => error as { nextRetryDelay: number });
    return (failed as { nextRetryDelay: number }).nextRetryDelay;
  };
  expect(await pauseAt(0)).toBe(1_000);
  expect(await pauseAt(20)).toBe(5_000);
  expect(await pauseAt(70)).toBe(10_000);
  expect(await pauseAt(110)).toBe(10_000);
  works = true;
  await new MockActivityEnvironment().run(named.look as () => Promise<unknown>);
  works = false;
  expect(await pauseAt(120)).toBe(1_000);
});
