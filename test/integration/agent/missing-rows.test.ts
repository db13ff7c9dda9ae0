import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createAgentActivities } from '../../../activities/create-agent-activities.ts';
import { createEgressActivities, createRunnerActivities } from '../../../activities/create-runner-activities.ts';
import { createKeyedLock } from '../../../activities/keyed-lock.ts';
import { createPacedStarts } from '../../../activities/paced-starts.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import { FAILURES } from '../../../contracts/failures.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, say } from './support/session.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());

type Activities = Record<string, (input: unknown) => Promise<unknown>>;

function everything(): Activities {
  const { database } = db;
  const model = scriptedModel([answering([text('hello')])]);
  const unused = {} as never;
  const runtime = { limitsWorkspaces: async () => true, remove: async () => {}, pause: async () => {} } as never;
  const proxy = {
    waitForLease: async () => undefined,
    closeLease: async () => null,
    removeListener: async () => undefined,
  } as never;
  return {
    ...createAgentActivities({
      database,
      model,
      prompt: { name: 'bellhop' },
      settings: DEFAULT_SESSION_SETTINGS,
      log: { warn: () => undefined, info: () => undefined } as never,
    }),
    ...createRunnerActivities({
      runner: 'r1',
      runtime,
      proxy,
      database,
      lock: createKeyedLock(),
      pacedStarts: createPacedStarts(2),
      gitAuthor: 'Bellhop <bellhop@localhost>',
      caBundle: async () => '',
      makeRoom: async () => undefined,
      workspaceMb: 1,
      workspaceFiles: 1,
    }),
    ...createEgressActivities({ proxy: unused, database }),
  } as never;
}

function run(name: string, input: object): Promise<unknown> {
  const environment = new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') });
  return environment.run(everything()[name] as (input: unknown) => Promise<unknown>, input);
}

const LOST: SessionId = 'slack:T1:C1:1700000000.000001';

function inputOf(session: SessionId) {
  const fence = { run: 4, count: 2 };
  const scope = 'channel:T1:C1';
  const at = { session, turn: 9, step: 2, tool: 'bash', sandbox: 'sb1', fence, after: 9, scope, stoppedUpTo: null };
  return {
    ...at,
    ending: 'failed',
    failure: 'TurnMissing',
    reason: 'unknown',
    state: 'closed',
    requester: 'U1',
    runId: 'r',
  };
}

const HARMLESS = ['openRun', 'beginTurn', 'settleTools', 'endTurn', 'noteSession', 'pauseSandbox', 'removeSandbox'];
const FAILING = ['resolveScopeAccess', 'callModel', 'runTool', 'provisionSandbox', 'settleSandbox', 'streamEgress'];

test.each(HARMLESS)('%s of a session that is not there does nothing', async (name) => {
  await run(name, inputOf(LOST));
});

test.each(FAILING)('%s of a session that is not there fails for good', async (name) => {
  await expect(run(name, inputOf(LOST))).rejects.toMatchObject({ type: 'TurnMissing', nonRetryable: true });
});

test.each(FAILING.filter((name) => name !== 'settleSandbox'))(
  '%s of a turn that is not there fails for good',
  async (name) => {
    const session = await newSession(db.database);
    await expect(run(name, inputOf(session))).rejects.toMatchObject({ type: 'TurnMissing', nonRetryable: true });
  },
);

test('the thread is told once that the record of its turn is gone, and the next turn begins', async () => {
  const session = await newSession(db.database);
  await run('endTurn', inputOf(session));
  await run('endTurn', inputOf(session));
  const { rows } = await db.database.query('select body from outbox where session = $1', [session]);
  expect(rows).toEqual([{ body: { kind: 'notice', text: `${FAILURES.TurnMissing.thread} Mention me to go on.` } }]);
  await say(db.database, session, { text: 'go on' });
  expect(await run('beginTurn', inputOf(session))).toMatchObject({ turn: 10 });
});

test('a mistake of ours in a short transaction is given up after some attempts', async () => {
  const session = await newSession(db.database);
  const broken = { ...inputOf(session), session: { toString: 'no' } };
  const attempt = (n: number) => {
    const environment = new MockActivityEnvironment({ attempt: n }, { logger: new DefaultLogger('ERROR') });
    return environment.run(everything().endTurn as (input: unknown) => Promise<unknown>, broken);
  };
  await expect(attempt(1)).rejects.not.toMatchObject({ nonRetryable: true });
  await expect(attempt(10)).rejects.toMatchObject({ type: 'Internal', nonRetryable: true });
});
