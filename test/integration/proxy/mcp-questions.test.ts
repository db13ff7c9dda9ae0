/** What people in the thread are asked because of MCP servers: whether a call may be made, and what a server wants to know. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ToolRules } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { createMcpCalls } from '../../../activities/mcp-calls.ts';
import { createPostedFiles, createRunTool } from '../../../activities/run-tool.ts';
import { offerTools } from '../../../agent/mcp/turn-tools.ts';
import { runToolStep, type ToolStepDependencies } from '../../../agent/tool-step.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import type { ToolResult } from '../../../contracts/activities.ts';
import { takeSnapshot } from '../../../store/access-snapshots.ts';
import { currentPolicy } from '../../../store/policy.ts';
import { findQuestion, pressQuestion, type StoredQuestion } from '../../../store/questions.ts';
import { addToolSteps, type StepRef } from '../../../store/steps.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { createListServers } from '../../../workers/runner/list-servers.ts';
import { tool } from '../../support/mcp/hostile-server.ts';
import { until } from '../../support/until.ts';
import { createFakeSandbox, type FakeSandbox } from '../agent/support/fake-sandbox.ts';
import { newSession, sayAndBegin } from '../agent/support/session.ts';
import { type McpWorld, startMcpWorld } from './support/mcp-world.ts';
import { S1, SCOPE_1 } from './support/world.ts';

let mcp: McpWorld;
let sandbox: FakeSandbox;
let deps: ToolStepDependencies;

beforeAll(async () => {
  mcp = await startMcpWorld();
  sandbox = await createFakeSandbox();
  const { database } = mcp.world.database;
  deps = {
    database,
    tools: createToolRegistry(),
    files: createPostedFiles(database),
    mcp: createMcpCalls({ database, proxy: mcp.world.control }),
  };
  mcp.hostile.tools = [tool('orders'), tool('look', { annotations: { readOnlyHint: true } })];
  const lists = createListServers({
    database,
    proxy: mcp.world.control,
    log: { warn: () => {} },
    stopping: new AbortController().signal,
    pauses: { usualMs: 0, troubledMs: 0 },
  });
  await lists.look();
  await lists.idle();
});
afterAll(async () => {
  await mcp?.[Symbol.asyncDispose]();
  await sandbox?.[Symbol.asyncDispose]();
});
beforeEach(() => mcp.apply());

const names = (...list: string[]) => list.map((pattern) => ({ pattern, line: 1 }));
const withRules = (tools: ToolRules) =>
  mcp.apply({ connections: mcp.servers.map((each) => (each.mcp ? { ...each, mcp: { ...each.mcp, tools } } : each)) });

async function turnWith(name: string, given: unknown = {}): Promise<StepRef> {
  const { database } = mcp.world.database;
  const session = await newSession(database);
  const turn = await sayAndBegin(database, session, 'work');
  const access = effectiveAccess(await currentPolicy(database), SCOPE_1);
  await takeSnapshot(database, session, turn, access, await offerTools(database, access));
  await addToolSteps(database, session, turn, [{ step: 2, tool: name, call: 'a', arguments: given }]);
  return { session, turn, step: 2 };
}

const run = (ref: StepRef, signal = new AbortController().signal) =>
  runToolStep(deps, { ...ref, sandbox, sandboxId: S1, signal });

/** As a worker runs it. */
const inActivity = (given: StepRef & { readonly tool: string; readonly workMs: number }): Promise<ToolResult> =>
  new MockActivityEnvironment({ scheduledTimestampMs: Date.now() }).run(
    createRunTool({
      ...deps,
      proxy: { waitForLease: async () => undefined } as never,
      ports: { of: async () => sandbox },
      show: async () => undefined,
      clock: () => performance.now(),
    }),
    { ...given, sandbox: S1 },
  );

async function resultOf({ session }: StepRef): Promise<{ text: string; isError: boolean }> {
  const rows = await readTranscript(mcp.world.database.database, session);
  const [result] = rows.flatMap((row) => (row.role === 'tool' ? [row.content] : []));
  return result as unknown as { text: string; isError: boolean };
}

/** The questions of a session, once there are so many. */
async function asked({ session }: StepRef, count = 1): Promise<StoredQuestion[]> {
  const { database } = mcp.world.database;
  const ids = async () =>
    (await database.query<{ id: string }>('select id from question where session = $1 order by asked_at', [session]))
      .rows;
  await until(async () => (await ids()).length >= count, 'the question');
  const found = await Promise.all((await ids()).map(({ id }) => findQuestion(database, id)));
  return found.flatMap((each) => each ?? []);
}

const press = (question: string, choice: string, given = {}, by = 'U1') =>
  pressQuestion(mcp.world.database.database, { question, choice, given, by, name: by, isMember: true });

const calls = () => mcp.hostile.called.length;

describe('a tool that is asked for', () => {
  beforeEach(() => withRules({ allow: names('*'), deny: [], approve: names('orders') }));

  test('is called when somebody in the thread has allowed this call, and once', async () => {
    const ref = await turnWith('hostile__orders', { title: 'Buy <everything>' });
    const before = calls();
    expect(await run(ref)).toMatchObject({ waitsMs: expect.any(Number) });
    const [question] = await asked(ref);
    expect(question?.asked).toMatchObject({ answerer: 'members', shown: 'thread', about: 'A call of hostile.orders' });
    expect(question?.asked.text).toContain('"title": "Buy <everything>"');
    expect(calls()).toBe(before);
    expect(await press(question?.id ?? '', 'allow', {}, 'U2')).toBe('taken');
    expect(await run(ref)).toEqual({ exitCode: null, truncated: false });
    expect((await resultOf(ref)).text).toContain('hostile.orders answered');
    expect(calls()).toBe(before + 1);
  });

  test('is not called when it is denied, and the model is told', async () => {
    const ref = await turnWith('hostile__orders');
    const before = calls();
    await run(ref);
    const [question] = await asked(ref);
    await press(question?.id ?? '', 'deny');
    await run(ref);
    expect(await resultOf(ref)).toMatchObject({ isError: true, text: expect.stringContaining('has denied it') });
    expect(calls()).toBe(before);
  });

  test('is asked for again with the next call', async () => {
    const first = await turnWith('hostile__orders');
    await run(first);
    await press((await asked(first))[0]?.id ?? '', 'allow');
    await run(first);
    const second = await turnWith('hostile__orders');
    expect(await run(second)).toMatchObject({ waitsMs: expect.any(Number) });
  });

  test('shows long arguments as a whole, in a file before the card', async () => {
    const ref = await turnWith('hostile__orders', { text: `${'long '.repeat(1_000)}the end` });
    await run(ref);
    const [question] = await asked(ref);
    expect(question?.asked.text).toContain('all of it is in the file above');
    expect(question?.asked.text.length).toBeLessThan(2_000);
    const { rows } = await mcp.world.database.database.query(
      `select convert_from(bytes, 'utf8') as text from file join file_chunk on file_chunk.file = file.id where session = $1`,
      [ref.session],
    );
    expect(rows.map(({ text }) => text).join('')).toContain('the end');
  });

  test('is not called by a turn that was offered it before the rule came', async () => {
    await mcp.apply();
    const ref = await turnWith('hostile__orders');
    const before = calls();
    await withRules({ allow: names('*'), deny: [], approve: names('orders') });
    await run(ref);
    expect((await resultOf(ref)).text).toContain('needs somebody in the thread who allows it');
    expect(calls()).toBe(before);
  });
});

test('a tool that may only read is offered while its server says so, and the proxy refuses it otherwise', async () => {
  await withRules({ allow: [], deny: [], read: names('*') });
  const { database } = mcp.world.database;
  const access = effectiveAccess(await currentPolicy(database), SCOPE_1);
  const offered = (await offerTools(database, access)).offered.filter(({ server }) => server === 'hostile');
  expect(offered.map(({ name }) => name)).toEqual(['look']);
  const look = await turnWith('hostile__look');
  await run(look);
  expect((await resultOf(look)).text).toContain('hostile.look answered');
  await mcp.apply();
  const orders = await turnWith('hostile__orders');
  const before = calls();
  await withRules({ allow: [], deny: [], read: names('*') });
  await run(orders);
  expect((await resultOf(orders)).text).toContain('only while its server says that it only reads');
  expect(calls()).toBe(before);
});

describe('a server that asks a person', () => {
  const TOOL = 'everything__trigger-elicitation-request';
  const entered = {
    f0: 'Ada',
    f1: 'true',
    f3: 'ada@acme.test',
    f4: 'https://a.test',
    f5: '1815-12-10',
    f6: '7',
    f7: '2.5',
  };

  test('is answered with what the requester entered, and nobody else can answer', async () => {
    const ref = await turnWith(TOOL);
    const running = run(ref);
    const [question] = await asked(ref);
    expect(question?.asked).toMatchObject({
      answerer: { person: 'U1' },
      text: expect.stringContaining('in its own words: “Please provide inputs for the following fields:”'),
    });
    const fields = question?.asked.choices[0]?.form?.fields ?? [];
    expect(fields[0]).toEqual({ name: 'f0', label: 'String', optional: false, hint: 'Your full, legal name' });
    expect(fields[1]?.options).toEqual([
      { value: 'true', label: 'Yes' },
      { value: 'false', label: 'No' },
    ]);
    expect(fields[6]).toMatchObject({ kind: 'number', initial: '42' });
    const id = question?.id ?? '';
    expect(await press(id, 'answer', entered, 'U2')).toBe('not-yours');
    expect(await press(id, 'answer', entered)).toBe('taken');
    await running;
    const { text, isError } = await resultOf(ref);
    expect(isError).toBe(false);
    expect(text).toContain('Ada');
    expect(text).toContain('"integer": 7');
  }, 30_000);

  test('is asked anew when what was entered does not fit', async () => {
    const ref = await turnWith(TOOL);
    const running = run(ref);
    const [first] = await asked(ref);
    await press(first?.id ?? '', 'answer', { ...entered, f6: '5000' });
    const [, second] = await asked(ref, 2);
    expect(second?.asked.text).toContain('What you entered does not fit: integer must be <= 100.');
    await press(second?.id ?? '', 'answer', entered);
    await running;
    expect((await resultOf(ref)).text).toContain('"integer": 7');
  }, 30_000);

  test.each([
    ['decline', 'declined'],
    ['cancel', 'cancelled'],
  ])(
    'is told that they %s',
    async (choice, words) => {
      const ref = await turnWith(TOOL);
      const running = run(ref);
      await press((await asked(ref))[0]?.id ?? '', choice);
      await running;
      expect((await resultOf(ref)).text).toContain(words);
    },
    30_000,
  );

  test('uses up none of the time of its call, and what it used is said', async () => {
    const { session, turn, step } = await turnWith(TOOL);
    const running = inActivity({ session, turn, step, tool: TOOL, workMs: 2_000 });
    const [question] = await asked({ session, turn, step });
    const since = Date.now();
    await until(() => Date.now() - since > 2_500, 'a person to think');
    await press(question?.id ?? '', 'answer', entered);
    const { waitedMs = 0, isLate } = await running;
    expect(waitedMs).toBeGreaterThan(2_000);
    expect(isLate).toBeUndefined();
    expect((await resultOf({ session, turn, step })).text).toContain('Ada');
  }, 30_000);

  test('is ended when it works for longer than it may', async () => {
    const name = 'everything__trigger-long-running-operation';
    const { session, turn, step } = await turnWith(name, { duration: 60, steps: 2 });
    const ran = await inActivity({ session, turn, step, tool: name, workMs: 1_500 });
    expect(ran).toEqual({ exitCode: null, truncated: false, isLate: true });
  }, 30_000);

  test('is left without an answer by a stop', async () => {
    const ref = await turnWith(TOOL);
    const stop = new AbortController();
    const running = run(ref, stop.signal);
    await asked(ref);
    stop.abort(new Error('stopped'));
    await expect(running).rejects.toThrow('stopped');
  }, 30_000);
});

test('nobody was warned of anything', () => {
  expect(mcp.world.problems).toEqual([]);
});
