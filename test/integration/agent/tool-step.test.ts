import { settleOpenTools } from '../../../agent/settle-tools.ts';
import type { SandboxPort, StepOutcome } from '../../../agent/tools/sandbox-port.ts';
import { inTransaction } from '../../../store/database.ts';
import { type StepRef, startToolStep } from '../../../store/steps.ts';
import { until } from '../../support/until.ts';
import { attachAndRead } from './support/session.ts';
import { createToolStage, type ToolStage } from './support/tool-stage.ts';

let stage: ToolStage;

beforeAll(async () => {
  stage = await createToolStage();
});
afterAll(() => stage[Symbol.asyncDispose]());

async function storedOf({ session, step }: StepRef) {
  const { rows } = await stage.database.query('select * from step where session = $1 and number = $2', [session, step]);
  return rows[0];
}

/** As the runner does when it hands the command to the sandbox. */
async function noteStart({ session, step }: StepRef): Promise<void> {
  await stage.database.query("update step set incarnation = 'i1' where session = $1 and number = $2", [session, step]);
}

function commandEnding(outcome: Partial<StepOutcome>): SandboxPort {
  const output = outcome.output ?? Buffer.alloc(0);
  const whole = { exitCode: 0, output, outputBytes: output.length, timedOut: false, durationMs: 1, ...outcome };
  return { ...stage.sandbox, runStep: async () => whole };
}

test('a command runs once under its step id, also when its step is asked for again', async () => {
  const ref = await stage.pending('bash', { command: 'echo hi; echo x >> count; exit 4' });
  expect(await stage.run(ref)).toEqual({ exitCode: 4, truncated: false });
  expect(await stage.run(ref)).toEqual({ exitCode: 4, truncated: false });

  expect(await stage.resultOf(ref)).toEqual([
    { text: expect.stringMatching(/^exit code 4 · \d+\.\d s\nhi\n$/), isError: false },
  ]);
  expect(stage.sandbox.started.filter((id) => id.startsWith(ref.session))).toEqual([`${ref.session}/${ref.turn}/2`]);
  expect(await storedOf(ref)).toMatchObject({ state: 'done', output: 'hi\n', attempt: 1 });
});

test('an attempt after a lost one attaches to the command', async () => {
  const ref = await stage.pending('bash', { command: 'sleep 0.4; echo once' });
  const lost = new AbortController();
  setTimeout(() => lost.abort(new Error('worker shut down')), 50);
  await expect(stage.run(ref, { signal: lost.signal })).rejects.toThrow('worker shut down');
  await stage.run(ref);
  expect(stage.sandbox.started.filter((id) => id.startsWith(ref.session))).toHaveLength(1);
  expect((await stage.resultOf(ref))[0]?.text).toContain('once');
});

test('an edit is not tried again after a lost attempt: its outcome is unknown', async () => {
  const ref = await stage.pending('edit_file', { path: 'f', old_text: 'a', new_text: 'b' });
  const broken: SandboxPort = { ...stage.sandbox, readFile: () => Promise.reject(new Error('engine away')) };
  await expect(stage.run(ref, { sandbox: broken })).rejects.toThrow('engine away');
  await stage.run(ref);
  expect(await stage.resultOf(ref)).toEqual([{ text: expect.stringMatching(/^Outcome unknown/), isError: true }]);
  expect(await storedOf(ref)).toMatchObject({ state: 'unknown', attempt: 2 });
});

test.each([
  ['bash', { command: 'true' }, 'runStep'],
  ['edit_file', { path: 'f', old_text: 'a', new_text: 'b' }, 'writeFile'],
] as const)('a call of %s that never started is said not to have run', async (tool, given, touches) => {
  const ref = await stage.pending(tool, given);
  const bytes = Buffer.from('a,b');
  await attachAndRead(stage.database, ref, { name: 'd.csv', bytes });
  // The attached file is placed first, and that already fails.
  const away = { ...stage.sandbox, writeFile: () => Promise.reject(new Error('engine away')), [touches]: refuse };
  await expect(stage.run(ref, { sandbox: away })).rejects.toThrow('engine away');
  await inTransaction(stage.database, (tx) => settleOpenTools(tx, ref.session, ref.turn, { reason: 'unknown' }));
  expect(await stage.resultOf(ref)).toEqual([
    { text: expect.stringMatching(/^Not run: .*before .*started/), isError: true },
  ]);
  expect(await storedOf(ref)).toMatchObject({ state: 'stopped' });
});

test('an edit whose first attempt failed before it began is done by the second one', async () => {
  await stage.sandbox.writeFile('early', Buffer.from('a'), { signal: new AbortController().signal });
  const ref = await stage.pending('edit_file', { path: 'early', old_text: 'a', new_text: 'b' });
  const bytes = Buffer.from('a,b');
  await attachAndRead(stage.database, ref, { name: 'd.csv', bytes });
  await expect(stage.run(ref, { sandbox: { ...stage.sandbox, writeFile: refuse } })).rejects.toThrow('engine away');
  await stage.run(ref);
  expect((await storedOf(ref)).state).toBe('done');
});

async function refuse(): Promise<never> {
  throw new Error('engine away');
}

test('a result that comes after the step was settled changes nothing', async () => {
  const ref = await stage.pending('bash', { command: 'sleep 0.3; echo late' });
  const running = stage.run(ref);
  await until(() => stage.sandbox.started.includes(`${ref.session}/${ref.turn}/2`));
  await noteStart(ref);
  await inTransaction(stage.database, (tx) =>
    settleOpenTools(tx, ref.session, ref.turn, { reason: 'stopped', by: 'U1' }),
  );
  await running;
  expect(await stage.resultOf(ref)).toEqual([{ text: expect.stringMatching(/^Stopped by <@U1>/), isError: true }]);
});

test('at a limit of the turn a call is told whether it had begun to run', async () => {
  const atLimit = (ref: StepRef) =>
    inTransaction(stage.database, (tx) => settleOpenTools(tx, ref.session, ref.turn, { reason: 'limit' }));
  const waiting = await stage.pending('bash', { command: 'true' });
  await atLimit(waiting);
  expect(await stage.resultOf(waiting)).toEqual([{ text: expect.stringMatching(/^Not run: .*limit/), isError: true }]);
  const begun = await stage.pending('bash', { command: 'true' });
  await startToolStep(stage.database, begun);
  await noteStart(begun);
  await atLimit(begun);
  expect(await stage.resultOf(begun)).toEqual([
    { text: expect.stringMatching(/^Ended before .*limit/), isError: true },
  ]);
});

test('bad arguments become a result that names them, and nothing is run', async () => {
  const ref = await stage.pending('bash', { command: '', timeout_seconds: 99_999 });
  await stage.run(ref);
  const [result] = await stage.resultOf(ref);
  expect(result?.isError).toBe(true);
  expect(result?.text).toMatch(
    /arguments of bash are not valid, so it was not run:\n- command: .*\n- timeout_seconds: /,
  );
  expect(stage.sandbox.started.filter((id) => id.startsWith(ref.session))).toEqual([]);
});

test('of a long output the model gets 32 KB with the cut named, and the whole is kept', async () => {
  const ref = await stage.pending('bash', { command: 'x' });
  const output = 'ä'.repeat(500_000);
  const long = commandEnding({ output: Buffer.from(output), outputBytes: 5_000_000 });
  expect(await stage.run(ref, { sandbox: long })).toMatchObject({ truncated: true });

  const [result] = await stage.resultOf(ref);
  expect(Buffer.byteLength(result?.text ?? '')).toBeLessThan(33_500);
  expect(result?.text).toMatch(/\[… \d+ of 5000000 bytes left out here\./);
  expect(result?.text).not.toContain('\uFFFD');
  expect((await storedOf(ref)).output).toBe(output);
});

test.each([
  [{ exitCode: 124, timedOut: true }, /^time limit of 5 s reached, the command was ended · exit code 124 · \d/],
  [{ exitCode: null }, /^outcome unknown: the command was killed or its sandbox went away/],
])('a command that ended as %j is told so in words', async (outcome, expected) => {
  const ref = await stage.pending('bash', { command: 'x', timeout_seconds: 5 });
  await stage.run(ref, { sandbox: commandEnding(outcome) });
  expect((await stage.resultOf(ref))[0]?.text).toMatch(expected);
});

test('output of arbitrary bytes is stored', async () => {
  const ref = await stage.pending('bash', { command: 'x' });
  await stage.run(ref, { sandbox: commandEnding({ output: Buffer.from([0x61, 0, 0xff, 0xd8, 0x62]) }) });
  expect((await storedOf(ref)).output).toBe('a\uFFFD\uFFFD\uFFFDb');
});

test('the time of a command counts from its first attempt', async () => {
  const ref = await stage.pending('bash', { command: 'x' });
  const failing: SandboxPort = { ...stage.sandbox, runStep: () => Promise.reject(new Error('worker died')) };
  await expect(stage.run(ref, { sandbox: failing })).rejects.toThrow('worker died');
  await stage.database.query("update step set started_at = started_at - interval '40 s' where session = $1", [
    ref.session,
  ]);
  await stage.run(ref, { sandbox: commandEnding({}) });
  expect((await stage.resultOf(ref))[0]?.text).toMatch(/^exit code 0 · 40\.\d s/);
});

test('a step that does not exist is an error of ours', async () => {
  const ref = await stage.pending('bash', { command: 'true' });
  await expect(stage.run({ ...ref, step: 99 })).rejects.toThrow(/no tool step/);
});
