import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createAgentActivities } from '../../../activities/create-agent-activities.ts';
import { createPostedFiles, createRunTool } from '../../../activities/run-tool.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import { ModelError } from '../../../agent/errors.ts';
import type { Model } from '../../../agent/model/model.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { ControlError } from '../../../proxy/control-client.ts';
import { type Database, openDatabase } from '../../../store/database.ts';
import { addToolSteps } from '../../../store/steps.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { answering, text } from './support/scripted-model.ts';
import { newSession, sayAndBegin } from './support/session.ts';

const noServer = () => Promise.reject(new Error('no MCP server is here'));

let db: TestDatabase;
/** Nothing listens there. */
let away: Database;

beforeAll(async () => {
  db = await createTestDatabase();
  away = openDatabase({ url: 'postgresql://nobody@127.0.0.1:1/none', name: 'test', connections: 1 });
});
afterAll(async () => {
  await away.end();
  await db[Symbol.asyncDispose]();
});

interface Failed {
  readonly type: string;
  readonly nonRetryable: boolean;
  readonly nextRetryDelay: number;
}

const failing =
  (code: 'ModelUnavailable' | 'ModelRateLimited', retryAfterMs?: number, said = '') =>
  async ({ onText }: Parameters<Model['call']>[0]): Promise<never> => {
    if (said) onText?.(said);
    throw new ModelError(code, 'no', { ...(retryAfterMs !== undefined && { retryAfterMs }) });
  };

/** One attempt of a model call, on the database or without it. */
function attemptWith(windowMs = 600_000) {
  let call: Model['call'] = failing('ModelUnavailable');
  const model: Model = { name: 'scripted', contextTokens: 200_000, call: (request) => call(request) };
  const on = (database: Database) =>
    createAgentActivities({
      database,
      model,
      prompt: { name: 'bellhop' },
      settings: { ...DEFAULT_SESSION_SETTINGS, modelWindowMs: windowMs },
      log: { warn: () => undefined } as never,
    }).callModel;
  const [there, gone] = [on(db.database), on(away)];
  let attempt = 0;
  return {
    model(next: Model['call']) {
      call = next;
    },
    async run(session: SessionId, database: 'there' | 'away' = 'there', step = 1): Promise<unknown> {
      const environment = new MockActivityEnvironment({ attempt: ++attempt }, { logger: new DefaultLogger('ERROR') });
      const activity = (database === 'there' ? there : gone) as (input: unknown) => Promise<unknown>;
      return environment.run(activity, { session, turn: 1, step });
    },
    async fails(session: SessionId, database: 'there' | 'away' = 'there', step = 1): Promise<Failed> {
      return this.run(session, database, step).then(
        () => {
          throw new Error('it did not fail');
        },
        (error: unknown) => error as Failed,
      );
    },
  };
}

async function begun(): Promise<SessionId> {
  const session = await newSession(db.database);
  await sayAndBegin(db.database, session, 'work');
  return session;
}

test("an outage of the database uses up nothing of the model's window, and is never the end", async () => {
  const session = await begun();
  const call = attemptWith(10_000);
  for (let n = 0; n < 40; n += 1) {
    expect(await call.fails(session, 'away')).toMatchObject({ type: 'DatabaseUnavailable', nonRetryable: false });
  }
  const first = await call.fails(session);
  expect(first).toMatchObject({ type: 'ModelUnavailable', nonRetryable: false, nextRetryDelay: 1_000 });
  for (let n = 0; n < 40; n += 1) await call.fails(session, 'away');
  expect(await call.fails(session)).toMatchObject({
    type: 'ModelUnavailable',
    nonRetryable: false,
    nextRetryDelay: 2_000,
  });
  call.model(async () => answering([text('fine')])());
  expect(await call.run(session)).toMatchObject({ done: true });
});

test("the model's pauses double up to half a minute, and it is given up when its window is used up", async () => {
  const session = await begun();
  const call = attemptWith(120_000);
  const pauses: number[] = [];
  for (;;) {
    const failed = await call.fails(session);
    expect(failed.type).toBe('ModelUnavailable');
    if (failed.nonRetryable) break;
    pauses.push(failed.nextRetryDelay);
  }
  // 1 + 2 + 4 + 8 + 16 + 30 + 30 = 91 s; another 30 s would be too much.
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

test('a short outage of the database late in a series of failures is followed by a short pause', async () => {
  const session = await begun();
  const call = attemptWith();
  for (let n = 0; n < 9; n += 1) await call.fails(session);
  const failed = await call.fails(session, 'away');
  expect(failed.nextRetryDelay).toBeLessThanOrEqual(1_250);
});

test('a step begins with a budget of its own, and progress begins the pauses anew', async () => {
  const session = await begun();
  const call = attemptWith();
  for (let n = 0; n < 5; n += 1) await call.fails(session);
  expect((await call.fails(session)).nextRetryDelay).toBe(30_000);
  call.model(failing('ModelUnavailable', undefined, 'I look at'));
  expect((await call.fails(session)).nextRetryDelay).toBe(1_000);
  call.model(failing('ModelUnavailable'));
  expect((await call.fails(session, 'there', 2)).nextRetryDelay).toBe(1_000);
});

test('what the model asks to wait is waited, and when it is longer than what is left the thread is told at once', async () => {
  const session = await begun();
  const call = attemptWith(60_000);
  call.model(failing('ModelRateLimited', 20_000));
  expect(await call.fails(session)).toMatchObject({ nonRetryable: false, nextRetryDelay: 20_000 });
  call.model(failing('ModelRateLimited', 3_600_000));
  expect(await call.fails(session)).toMatchObject({ type: 'ModelRateLimited', nonRetryable: true });
});

test('the failure that ends the series names the cause that was there last', async () => {
  const session = await begun();
  const call = attemptWith(4_000);
  call.model(failing('ModelRateLimited'));
  await call.fails(session);
  call.model(failing('ModelUnavailable'));
  for (;;) {
    const failed = await call.fails(session);
    if (!failed.nonRetryable) continue;
    expect(failed.type).toBe('ModelUnavailable');
    return;
  }
});

test('a step that loses its process again and again is given up', async () => {
  const session = await begun();
  const call = attemptWith();
  await call.fails(session);
  await db.database.query('update step set attempt = attempt + 20 where session = $1', [session]);
  expect(await call.fails(session)).toMatchObject({ type: 'Internal', nonRetryable: true });
});

test.each([
  ['proxy', 'EgressLeaseLost'],
  ['sandbox', 'SandboxUnreachable'],
] as const)('a tool waits for its %s for minutes, and then says that it was that', async (broken, type) => {
  const session = await begun();
  const { database } = db;
  await addToolSteps(database, session, 1, [{ step: 2, tool: 'read_file', call: 'c', arguments: { path: 'f' } }]);
  let now = 0;
  const refuse = async () => {
    now += 5_000;
    throw broken === 'proxy' ? new ControlError('not_found', 'no lease') : new Error('the engine is away');
  };
  const runTool = createRunTool({
    database,
    tools: createToolRegistry(),
    files: createPostedFiles(database),
    mcp: { call: noServer, start: noServer },
    proxy: { waitForLease: broken === 'proxy' ? refuse : async () => undefined } as never,
    ports: { of: broken === 'sandbox' ? refuse : async () => ({}) as never },
    show: async () => undefined,
    clock: () => now,
  });
  const run = () =>
    new MockActivityEnvironment(undefined, { logger: new DefaultLogger('ERROR') })
      .run(runTool, { session, turn: 1, step: 2, tool: 'read_file', sandbox: 'sb1' })
      .catch((error: unknown) => error as Failed);
  for (let tries = 1; ; tries += 1) {
    const failed = (await run()) as Failed;
    expect(failed.type).toBe(type);
    if (!failed.nonRetryable) {
      now += failed.nextRetryDelay;
      continue;
    }
    expect(now).toBeGreaterThan(150_000);
    expect(now).toBeLessThan(330_000);
    expect(tries).toBeGreaterThan(10);
    return;
  }
});
