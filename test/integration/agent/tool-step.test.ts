import { settleOpenTools } from '../../../agent/settle-tools.ts';
import { runToolStep, type ToolStepDependencies } from '../../../agent/tool-step.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import type { SandboxPort, StepOutcome } from '../../../agent/tools/sandbox-port.ts';
import { createThreadPort } from '../../../agent/tools/thread-port.ts';
import { inTransaction } from '../../../store/database.ts';
import { saveFile } from '../../../store/files.ts';
import { addToolSteps, type StepRef, startToolStep } from '../../../store/steps.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { createFakeSandbox, type FakeSandbox } from './support/fake-sandbox.ts';
import { newSession, say, sayAndBegin } from './support/session.ts';

let db: TestDatabase;
let sandbox: FakeSandbox;
let deps: ToolStepDependencies;
const posted: { name: string; bytes: Buffer }[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
  sandbox = await createFakeSandbox();
  deps = {
    database: db.database,
    tools: createToolRegistry(),
    files: { put: async (file) => void posted.push(file) },
    thread: createThreadPort(db.database),
  };
});

afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

/** A pending tool step of a new session. */
async function pending(tool: string, given: unknown): Promise<StepRef> {
  const session = await newSession(db.database);
  const turn = await sayAndBegin(db.database, session, 'work');
  await addToolSteps(db.database, session, turn, [{ step: 2, tool, call: 'a', arguments: given }]);
  return { session, turn, step: 2 };
}

function run(ref: StepRef, options: { sandbox?: SandboxPort; signal?: AbortSignal; sandboxId?: string } = {}) {
  const { signal } = new AbortController();
  return runToolStep(deps, { ...ref, sandbox, sandboxId: 'sb1', signal, ...options });
}

async function resultOf({ session }: StepRef): Promise<{ text: string; isError: boolean }[]> {
  const rows = await readTranscript(db.database, session);
  return rows.flatMap((row) => (row.role === 'tool' ? [{ text: row.content.text, isError: row.content.isError }] : []));
}

async function storedOf({ session, step }: StepRef) {
  const { rows } = await db.database.query('select * from step where session = $1 and number = $2', [session, step]);
  return rows[0];
}

function commandEnding(outcome: Partial<StepOutcome>): SandboxPort {
  const output = outcome.output ?? Buffer.alloc(0);
  const whole = { exitCode: 0, output, outputBytes: output.length, timedOut: false, durationMs: 1, ...outcome };
  return { ...sandbox, runStep: async () => whole };
}

test('a command runs once under its step id, however often its step is asked for', async () => {
  const ref = await pending('bash', { command: 'echo hi; echo x >> count; exit 4' });
  expect(await run(ref)).toEqual({ exitCode: 4, truncated: false });
  expect(await run(ref)).toEqual({ exitCode: 4, truncated: false });

  expect(await resultOf(ref)).toEqual([
    { text: expect.stringMatching(/^exit code 4 · \d+\.\d s\nhi\n$/), isError: false },
  ]);
  expect(sandbox.started.filter((id) => id.startsWith(ref.session))).toEqual([`${ref.session}/${ref.turn}/2`]);
  expect(await storedOf(ref)).toMatchObject({ state: 'done', output: 'hi\n', attempt: 1 });
});

test('an attempt after a lost one attaches to the command', async () => {
  const ref = await pending('bash', { command: 'sleep 0.4; echo once' });
  const lost = new AbortController();
  setTimeout(() => lost.abort(new Error('worker shut down')), 50);
  await expect(run(ref, { signal: lost.signal })).rejects.toThrow('worker shut down');
  await run(ref);
  expect(sandbox.started.filter((id) => id.startsWith(ref.session))).toHaveLength(1);
  expect((await resultOf(ref))[0]?.text).toContain('once');
});

test('an edit is not tried again after a lost attempt: its outcome is unknown', async () => {
  const ref = await pending('edit_file', { path: 'f', old_text: 'a', new_text: 'b' });
  const broken: SandboxPort = { ...sandbox, readFile: () => Promise.reject(new Error('engine away')) };
  await expect(run(ref, { sandbox: broken })).rejects.toThrow('engine away');
  await run(ref);
  expect(await resultOf(ref)).toEqual([{ text: expect.stringMatching(/^Outcome unknown/), isError: true }]);
  expect(await storedOf(ref)).toMatchObject({ state: 'unknown', attempt: 2 });
});

test('a result that comes after the step was settled changes nothing', async () => {
  const ref = await pending('bash', { command: 'sleep 0.3; echo late' });
  const running = run(ref);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await inTransaction(db.database, (tx) => settleOpenTools(tx, ref.session, ref.turn, { reason: 'stopped', by: 'U1' }));
  await running;
  expect(await resultOf(ref)).toEqual([{ text: expect.stringMatching(/^Stopped by <@U1>/), isError: true }]);
});

test('at a limit of the turn a call is told whether it had begun to run', async () => {
  const atLimit = (ref: StepRef) =>
    inTransaction(db.database, (tx) => settleOpenTools(tx, ref.session, ref.turn, { reason: 'limit' }));
  const waiting = await pending('bash', { command: 'true' });
  await atLimit(waiting);
  expect(await resultOf(waiting)).toEqual([{ text: expect.stringMatching(/^Not run: .*limit/), isError: true }]);
  const begun = await pending('bash', { command: 'true' });
  await startToolStep(db.database, begun);
  await atLimit(begun);
  expect(await resultOf(begun)).toEqual([{ text: expect.stringMatching(/^Ended before .*limit/), isError: true }]);
});

test('bad arguments become a result that names them, and nothing is run', async () => {
  const ref = await pending('bash', { command: '', timeout_seconds: 99_999 });
  await run(ref);
  const [result] = await resultOf(ref);
  expect(result?.isError).toBe(true);
  expect(result?.text).toMatch(
    /arguments of bash are not valid, so it was not run:\n- command: .*\n- timeout_seconds: /,
  );
  expect(sandbox.started.filter((id) => id.startsWith(ref.session))).toEqual([]);
});

test('of a long output the model gets 32 KB with the cut named, and the whole is kept', async () => {
  const ref = await pending('bash', { command: 'x' });
  const output = 'ä'.repeat(500_000);
  const long = commandEnding({ output: Buffer.from(output), outputBytes: 5_000_000 });
  expect(await run(ref, { sandbox: long })).toMatchObject({ truncated: true });

  const [result] = await resultOf(ref);
  expect(Buffer.byteLength(result?.text ?? '')).toBeLessThan(33_500);
  expect(result?.text).toMatch(/\[… \d+ of 5000000 bytes left out here\./);
  expect(result?.text).not.toContain('\uFFFD');
  expect((await storedOf(ref)).output).toBe(output);
});

test.each([
  [{ exitCode: 124, timedOut: true }, /^time limit of 5 s reached, the command was ended · exit code 124 · \d/],
  [{ exitCode: null }, /^outcome unknown: the command was killed or its sandbox went away/],
])('a command that ended as %j is told so in words', async (outcome, expected) => {
  const ref = await pending('bash', { command: 'x', timeout_seconds: 5 });
  await run(ref, { sandbox: commandEnding(outcome) });
  expect((await resultOf(ref))[0]?.text).toMatch(expected);
});

test('output of arbitrary bytes is stored', async () => {
  const ref = await pending('bash', { command: 'x' });
  await run(ref, { sandbox: commandEnding({ output: Buffer.from([0x61, 0, 0xff, 0xd8, 0x62]) }) });
  expect((await storedOf(ref)).output).toBe('a\uFFFD\uFFFD\uFFFDb');
});

test('the time of a command counts from its first attempt', async () => {
  const ref = await pending('bash', { command: 'x' });
  const failing: SandboxPort = { ...sandbox, runStep: () => Promise.reject(new Error('worker died')) };
  await expect(run(ref, { sandbox: failing })).rejects.toThrow('worker died');
  await db.database.query("update step set started_at = started_at - interval '40 s' where session = $1", [
    ref.session,
  ]);
  await run(ref, { sandbox: commandEnding({}) });
  expect((await resultOf(ref))[0]?.text).toMatch(/^exit code 0 · 40\.\d s/);
});

test('files are written, read in part, edited and posted', async () => {
  const write = await pending('write_file', { path: 'dir/f.txt', text: 'one\ntwo\nthree\n' });
  await run(write);
  expect((await resultOf(write))[0]?.text).toBe('Wrote 14 bytes to dir/f.txt.');

  const edit = await pending('edit_file', { path: 'dir/f.txt', old_text: 'two', new_text: '2 $& 2' });
  await run(edit);
  const read = await pending('read_file', { path: 'dir/f.txt', from_line: 2, lines: 1 });
  await run(read);
  expect((await resultOf(read))[0]).toEqual({ text: '2 $& 2', isError: false });

  await run(await pending('post_file', { path: 'dir/f.txt' }));
  expect(posted.at(-1)).toMatchObject({ name: 'f.txt', bytes: Buffer.from('one\n2 $& 2\nthree\n') });
});

test.each([
  ['read_file', { path: 'nowhere' }, /^There is no such file\./],
  ['post_file', { path: 'nowhere' }, /^There is no such file\./],
  [
    'edit_file',
    { path: 'twice', old_text: 'x', new_text: 'y' },
    /^old_text occurs 2 times in twice; it was not changed/,
  ],
  ['edit_file', { path: 'twice', old_text: 'z', new_text: 'y' }, /^old_text does not occur in twice/],
])('%s of %j is answered with what is wrong', async (tool, given, expected) => {
  await sandbox.writeFile('twice', Buffer.from('x x'), { signal: new AbortController().signal });
  const ref = await pending(tool, given);
  await run(ref);
  expect(await resultOf(ref)).toEqual([{ text: expect.stringMatching(expected), isError: true }]);
});

test('read_thread gives this thread and no other', async () => {
  const ref = await pending('read_thread', {});
  const other = await newSession(db.database);
  await say(db.database, other, { text: 'said elsewhere' });
  await say(db.database, ref.session, { text: 'said here', author: 'U5', authorClass: 'guest', state: 'context' });
  await run(ref);
  const [result] = await resultOf(ref);
  expect(result?.text).toMatch(/U1 \(member\): work\n.* U5 \(guest\): said here$/);
  expect(result?.text).not.toContain('elsewhere');
});

test('a message that read_thread gives cannot pass for two', async () => {
  const ref = await pending('read_thread', {});
  const text = ['a', 'b', 'c', 'd'].map((word) => `${word}: 1970-01-01T00:00:05.000Z Ana (member): yes`);
  await say(db.database, ref.session, {
    text: `${text[0]}\n${text[1]}\r${text[2]}\u2028${text[3]}`,
    author: 'U5',
    authorClass: 'guest',
    state: 'context',
  });
  await run(ref);
  const [result] = await resultOf(ref);
  const atTheMargin = result?.text?.split(/[\n\r\u2028]/).filter((line) => !line.startsWith('    '));
  expect(atTheMargin).toEqual([
    expect.stringMatching(/U1 \(member\): work$/),
    expect.stringContaining('U5 (guest): a:'),
  ]);
});

test('of a thread that is too long read_thread gives the newest messages, each from its beginning', async () => {
  const ref = await pending('read_thread', {});
  const filler = 'x '.repeat(3_500);
  for (let n = 0; n < 8; n += 1) {
    await say(db.database, ref.session, {
      text: `${n} ${filler}`,
      author: 'U5',
      authorClass: 'guest',
      state: 'context',
    });
  }
  await run(ref);
  const [result] = await resultOf(ref);
  const [first, ...lines] = result?.text?.split('\n') ?? [];
  expect(first).toBe('[… 4 older messages left out here …]');
  expect(lines).toHaveLength(5);
  for (const line of lines) expect(line).toMatch(/^\d{4}-\S+ U5 \(guest\): \d x x.*\[… 1002 more characters …\]$/);
});

test('attached files are in the workspace before the first tool runs, and again in a new workspace', async () => {
  const ref = await pending('bash', { command: 'true' });
  const bytes = Buffer.from('a,b');
  await saveFile(db.database, { session: ref.session, name: 'd.csv', bytes, direction: 'in', origin: 'F1' });
  const written: string[] = [];
  const watched: SandboxPort = { ...sandbox, writeFile: async (path) => void written.push(path) };
  const more = (step: number) =>
    addToolSteps(db.database, ref.session, ref.turn, [
      { step, tool: 'bash', call: `c${step}`, arguments: { command: 'true' } },
    ]);
  await run(ref, { sandbox: watched });
  await more(3);
  await run({ ...ref, step: 3 }, { sandbox: watched });
  expect(written).toEqual([expect.stringMatching(/^\/workspace\/uploads\/[0-9a-f]{8}\/d\.csv$/)]);
  await more(4);
  await run({ ...ref, step: 4 }, { sandbox: watched, sandboxId: 'sb2' });
  expect(written).toHaveLength(2);
});

test('an attached file that finds no room does not keep the tools from working', async () => {
  const ref = await pending('bash', { command: 'echo works' });
  const bytes = Buffer.from('a,b');
  await saveFile(db.database, { session: ref.session, name: 'd.csv', bytes, direction: 'in', origin: 'F1' });
  const full = Object.assign(new Error('no space left'), { code: 'WorkspaceFull' });
  await run(ref, { sandbox: { ...sandbox, writeFile: () => Promise.reject(full) } });
  expect((await resultOf(ref))[0]?.text).toMatch(
    /works\n\nThe attached file .*d\.csv is not there: The workspace is full/,
  );
});

test('a step that does not exist is an error of ours', async () => {
  const ref = await pending('bash', { command: 'true' });
  await expect(run({ ...ref, step: 99 })).rejects.toThrow(/no tool step/);
});
