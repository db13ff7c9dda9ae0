/** MCP servers that a command starts in the sandbox, from the access file to the model: the reference server, over stdio. */
import path from 'node:path';
import type { ToolGuardrail } from '../../../access/document.ts';
import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { createMcpCalls } from '../../../activities/mcp-calls.ts';
import { offerTools, turnRegistry } from '../../../agent/mcp/turn-tools.ts';
import { runToolStep, type ToolStepDependencies } from '../../../agent/tool-step.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import { createThreadPort } from '../../../agent/tools/thread-port.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { takeSnapshot } from '../../../store/access-snapshots.ts';
import { addToolSteps, markBegun, type StepRef, startToolStep } from '../../../store/steps.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { fileOf } from '../../support/access-yaml.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createFakeSandbox, type FakeSandbox } from './support/fake-sandbox.ts';
import { newSession, sayAndBegin } from './support/session.ts';

const MODULES = path.join(import.meta.dirname, '..', '..', '..', 'node_modules');
const SERVER = path.join(MODULES, '@modelcontextprotocol', 'server-everything', 'dist', 'transports', 'stdio.js');
const CHANNEL = 'channel:T1:C1';
const NO_PROXY = { askServer: () => Promise.reject(new Error('the proxy is not asked')) };

let db: TestDatabase;
let sandbox: FakeSandbox;
let deps: ToolStepDependencies;

beforeAll(async () => {
  db = await createTestDatabase();
  sandbox = await createFakeSandbox();
  const { database } = db;
  deps = {
    database,
    tools: createToolRegistry(),
    files: { put: async () => {} },
    thread: createThreadPort(database),
    mcp: createMcpCalls({ database, proxy: NO_PROXY }),
  };
}, 60_000);
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  await sandbox?.[Symbol.asyncDispose]();
});

interface Given {
  readonly command?: readonly string[];
  readonly tools?: object;
  readonly guardrails?: readonly ToolGuardrail[];
}

function accessWith({ command = [process.execPath, SERVER], tools = { allow: ['*'] }, guardrails = [] }: Given) {
  const { bundles } = fileOf(JSON.stringify({ bundles: { local: { servers: { notes: { command, tools } } } } }));
  const scope = { scope: CHANNEL, label: '#here', enabled: true, bundles: ['local'], instructions: '' } as const;
  const document = { ...EMPTY_DOCUMENT, bundles, scopes: [scope], toolGuardrails: guardrails };
  return effectiveAccess(document, CHANNEL);
}

/** The next turn of a session, with calls of tools that the model makes one after the other. */
async function turnOf(session: SessionId, given: Given, calls: readonly (readonly [string, unknown])[]) {
  const turn = await sayAndBegin(db.database, session, 'work');
  const access = accessWith(given);
  await takeSnapshot(db.database, session, turn, access, await offerTools(db.database, access));
  const steps = calls.map(([tool, args], index) => ({ step: index + 2, tool, call: `c${index}`, arguments: args }));
  await addToolSteps(db.database, session, turn, steps);
  return steps.map(({ step }): StepRef => ({ session, turn, step }));
}

const run = (ref: StepRef) =>
  runToolStep(deps, { ...ref, sandbox, sandboxId: 's1', signal: new AbortController().signal });

async function results(session: SessionId): Promise<{ text: string; isError: boolean }[]> {
  const rows = await readTranscript(db.database, session);
  return rows.flatMap((row) =>
    row.role === 'tool' ? [row.content as unknown as { text: string; isError: boolean }] : [],
  );
}

const names = async ({ session, turn }: StepRef) =>
  (await turnRegistry(db.database, deps.tools, { session, turn })).names;

test('the model starts a server, has its tools at once, and calls them without the proxy', async () => {
  const session = await newSession(db.database);
  const [start, sum] = await turnOf(session, {}, [
    ['start_mcp_server', { server: 'notes' }],
    ['notes__get-sum', { a: 2, b: 40 }],
  ]);
  if (!start || !sum) throw new Error('no steps');
  const { notes } = await offerTools(db.database, accessWith({}));
  expect(notes).toEqual([expect.stringContaining('notes: it runs in your sandbox.')]);
  expect(await names(start)).toContain('start_mcp_server');
  expect(await names(start)).not.toContain('notes__get-sum');
  await run(start);
  expect(await names(start)).toEqual(expect.arrayContaining(['notes__get-sum', 'notes__echo']));
  const { specs } = await turnRegistry(db.database, deps.tools, start);
  expect(specs.find(({ name }) => name === 'notes__echo')?.description).toMatch(
    /^Tool echo of the MCP server notes, which runs in the sandbox, in that server's own words/,
  );
  await run(sum);
  const [started, answered] = await results(session);
  expect(started?.text).toMatch(/^notes was started\. You have these tools now: .*notes\.get-sum/);
  expect(answered?.text).toMatch(/^notes\.get-sum answered\. What follows are the server's words.*\n.*42/);
  // A later turn of the thread has them from its beginning; another thread has to start it.
  const [later] = await turnOf(session, {}, [['notes__echo', { message: 'again' }]]);
  if (!later) throw new Error('no step');
  expect(await names(later)).toContain('notes__get-sum');
  await run(later);
  expect((await results(session)).at(-1)?.text).toContain('again');
  const [other] = await turnOf(await newSession(db.database), {}, [['bash', {}]]);
  if (!other) throw new Error('no step');
  expect(await names(other)).not.toContain('notes__get-sum');
}, 60_000);

test('names, hints and guardrails hold for it', async () => {
  const session = await newSession(db.database);
  const guardrails = [{ id: 'no-sums', server: '*', tools: ['get-sum'], reason: '', line: 1 }];
  const tools = { allow: ['get-*'], deny: ['get-env'], approve: ['echo'] };
  const [start] = await turnOf(session, { tools, guardrails }, [['start_mcp_server', { server: 'notes' }]]);
  if (!start) throw new Error('no step');
  await run(start);
  const known = (await names(start)).filter((name) => name.startsWith('notes__'));
  expect(known).toEqual(expect.arrayContaining(['notes__echo', 'notes__get-tiny-image']));
  expect(known).not.toContain('notes__get-sum');
  expect(known).not.toContain('notes__get-env');
  const [asked] = await turnOf(session, { tools, guardrails }, [['notes__echo', { message: 'x' }]]);
  if (!asked) throw new Error('no step');
  expect(await run(asked)).toMatchObject({ waitsMs: expect.any(Number) });
}, 60_000);

test('with another command it is another server, and one that does not start fails no turn', async () => {
  const session = await newSession(db.database);
  const [first] = await turnOf(session, {}, [['start_mcp_server', { server: 'notes' }]]);
  if (!first) throw new Error('no step');
  await run(first);
  const command = [process.execPath, '-e', 'console.error("no such notes"); process.exit(1)'];
  const [start, unknown, odd] = await turnOf(session, { command }, [
    ['start_mcp_server', { server: 'notes' }],
    ['notes__echo', { message: 'x' }],
    ['start_mcp_server', { server: 'other' }],
  ]);
  if (!start || !unknown || !odd) throw new Error('no steps');
  expect(await names(start)).not.toContain('notes__echo');
  for (const each of [start, unknown, odd]) await run(each);
  const [, failed, missing, none] = await results(session);
  expect(failed).toMatchObject({
    isError: true,
    text: expect.stringContaining('notes could not be started. It ended'),
  });
  expect(failed?.text).toContain('no such notes');
  expect(missing?.text).toContain('There is no tool named notes__echo');
  expect(none?.text).toBe('There is no such server to start. There are: notes.');
}, 60_000);

test('a call that was lost is not made again', async () => {
  const session = await newSession(db.database);
  const [start, call] = await turnOf(session, {}, [
    ['start_mcp_server', { server: 'notes' }],
    ['notes__toggle-simulated-logging', {}],
  ]);
  if (!start || !call) throw new Error('no steps');
  await run(start);
  await startToolStep(db.database, call);
  await markBegun(db.database, call);
  await run(call);
  expect((await results(session)).at(-1)?.text).toContain('Outcome unknown');
}, 60_000);
