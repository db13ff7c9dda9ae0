/** MCP servers that a command starts in the sandbox, from the access file to the model: the reference server, over stdio. */
import path from 'node:path';
import type { ToolGuardrail } from '../../../access/document.ts';
import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { effectiveAccess } from '../../../access/effective-access.ts';
import { createMcpCalls } from '../../../activities/mcp-calls.ts';
import { offerTools, turnRegistry } from '../../../agent/mcp/turn-tools.ts';
import { runToolStep, type ToolStepDependencies } from '../../../agent/tool-step.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
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

/** A server that lists what a script gives. */
const listing = (tools: string) => [
  process.execPath,
  '-e',
  `let text = ''; process.stdin.on('data', (some) => { text += some; for (let at; (at = text.indexOf('\\n')) >= 0; text = text.slice(at + 1)) {
    const { id, method } = JSON.parse(text.slice(0, at));
    const say = (result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
    if (method === 'initialize') say({ protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } });
    if (method === 'tools/list') say({ tools: ${tools} }); } })`,
];

test('its tools have the room that a turn has left, and what is left out is said', async () => {
  const session = await newSession(db.database);
  const large = '{ type: "object", description: "é".repeat(4000) }';
  const command = listing(`Array.from({ length: 60 }, (_, i) => ({ name: 'tool' + i, inputSchema: ${large} }))`);
  const [start] = await turnOf(session, { command }, [['start_mcp_server', { server: 'notes' }]]);
  if (!start) throw new Error('no step');
  await run(start);
  const { specs } = await turnRegistry(db.database, deps.tools, start);
  const theirs = specs.filter(({ name }) => name.startsWith('notes__'));
  expect(theirs.length).toBeGreaterThan(20);
  expect(Buffer.byteLength(JSON.stringify(theirs.map(({ schema }) => schema)))).toBeLessThan(200 * 1024);
  const words = `left out, because a turn has room for no more: ${60 - theirs.length} of notes.`;
  const [started] = await results(session);
  expect(started?.text).toContain(words);
  expect(started?.text.match(/notes\.tool/g)).toHaveLength(theirs.length);
  expect(specs.find(({ name }) => name === 'start_mcp_server')?.description).toContain(words);
}, 60_000);

test('what it does not list any more is forgotten', async () => {
  const session = await newSession(db.database);
  const command = listing(
    `['one', 'two'].map((name) => ({ name, description: String(process.pid), inputSchema: { type: 'object' } }))`,
  );
  const calls = [1, 2, 3].map(() => ['start_mcp_server', { server: 'notes' }] as const);
  for (const each of await turnOf(session, { command }, calls)) await run(each);
  const { rows } = await db.database.query('select 1 from mcp_tool where owner = $1', [session]);
  expect(rows).toHaveLength(2);
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
