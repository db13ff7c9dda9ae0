import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isDockerError } from '../../../docker/errors.ts';
import { contention } from '../../support/contention.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

const newStep = () => `slack:T1:C1:1/1/${randomBytes(4).toString('hex')}`;

test('a command gives its output, stdout and stderr as they came, and its exit code', async () => {
  const result = await sandbox.run('echo one; echo two >&2; echo three; exit 7');
  expect(result).toMatchObject({ outcome: 'finished', exitCode: 7, output: 'one\ntwo\nthree\n', truncated: false });
});

test('a step that is asked for five times at once runs once, and all get the same result', async () => {
  const step = newStep();
  const command = 'echo ran >> once; sleep 0.5; wc -l < once';
  const results = await Promise.all(Array.from({ length: 5 }, () => sandbox.run(command, { step })));
  for (const result of results) expect(result).toEqual(results[0]);
  expect(results[0]).toMatchObject({ outcome: 'finished', exitCode: 0, output: '1\n' });
  expect(await sandbox.run(command, { step })).toEqual(results[0]);
});

test('a command survives the process that asked for it, and a later one gets its whole output', async () => {
  const step = newStep();
  const command = 'echo begin >> survived; for i in 1 2 3 4; do echo $i; sleep 0.5; done; wc -l < survived';
  const follower = spawnFollower(step, command);
  await once(follower.stdout ?? follower, 'data');
  follower.kill('SIGKILL');
  await once(follower, 'exit');
  const result = await sandbox.run(command, { step });
  expect(result).toMatchObject({ outcome: 'finished', exitCode: 0, output: '1\n2\n3\n4\n1\n' });
});

test('output is seen while the command still runs', async () => {
  const seen: string[] = [];
  const running = sandbox.run('echo first; sleep 1; echo second', { onOutput: (bytes) => seen.push(bytes.toString()) });
  await delay(600);
  expect(seen.join('')).toBe('first\n');
  expect((await running).output).toBe('first\nsecond\n');
});

test('of a long output the head and the tail are kept, and the cut between them is named', async () => {
  const { output, truncated, outputBytes } = await sandbox.run('seq 1 400000');
  expect(truncated).toBe(true);
  expect(outputBytes).toBe(2_688_895);
  expect(Buffer.byteLength(output)).toBeLessThanOrEqual(1024 * 1024);
  expect(output.startsWith('1\n2\n3\n')).toBe(true);
  expect(output.endsWith('399999\n400000\n')).toBe(true);
  const cut = Number(/\[\.\.\. (\d+) bytes of output cut here \.\.\.\]/.exec(output)?.[1]);
  const line = Buffer.byteLength(`\n[... ${cut} bytes of output cut here ...]\n`);
  expect(Buffer.byteLength(output) - line + cut).toBe(outputBytes);
});

test('an output of exactly the limit is not cut', async () => {
  const { output, truncated } = await sandbox.run('head -c 1047552 /dev/zero | tr "\\0" x');
  expect(truncated).toBe(false);
  expect(output).toBe('x'.repeat(1_047_552));
});

test('a command past its time is ended with all its children, also those of a session of their own', async () => {
  const started = Date.now();
  const result = await sandbox.run('echo going; setsid sleep 701 & (trap "" TERM; sleep 702) & sleep 703', {
    timeoutMs: 1_000,
  });
  expect(result).toMatchObject({ outcome: 'finished', timedOut: true, exitCode: 124, output: 'going\n' });
  expect(Date.now() - started).toBeLessThan(4_000 * contention());
  expect((await sandbox.run('pgrep -c "^sleep"')).output).toBe('0\n');
});

test('the time limit holds when nobody follows any more', async () => {
  const step = newStep();
  const follower = spawnFollower(step, 'echo on; sleep 704', 2_000);
  await once(follower.stdout ?? follower, 'data');
  follower.kill('SIGKILL');
  await delay(3_500);
  expect((await sandbox.run('pgrep -fc "^sleep 704"')).output).toBe('0\n');
  expect(await sandbox.run('true', { step })).toMatchObject({ timedOut: true, exitCode: 124, output: 'on\n' });
});

test('what a command leaves in the background lives on and does not hold up its result', async () => {
  const started = Date.now();
  const result = await sandbox.run('(sleep 1.5; echo late; echo late > late) & echo done');
  expect(result).toMatchObject({ outcome: 'finished', exitCode: 0, output: 'done\n' });
  expect(Date.now() - started).toBeLessThan(1_200 * contention());
  await delay(2_000);
  expect((await sandbox.run('cat late')).output).toBe('late\n');
});

test('following can be stopped without stopping the command', async () => {
  const step = newStep();
  const command = 'sleep 1; echo went on';
  const signal = AbortSignal.timeout(300);
  await expect(sandbox.run(command, { step, signal })).rejects.toThrow(/timeout/i);
  expect((await sandbox.run(command, { step, attachOnly: true })).output).toBe('went on\n');
});

test('looking for a step that was never started finds nothing', async () => {
  expect(await sandbox.run('echo no', { attachOnly: true })).toMatchObject({ outcome: 'unknown', exitCode: null });
});

test('a folder that is not there and a command that is too long are refused in words', async () => {
  expect(await sandbox.run('true', { cwd: '/nowhere' })).toMatchObject({
    exitCode: 126,
    output: 'cannot start in /nowhere: No such file or directory\n',
  });
  const long = sandbox.run(`: ${'x'.repeat(130_000)}`);
  await expect(long).rejects.toMatchObject({ code: 'CommandTooLong' });
});

test('bytes that are no text do not break anything', async () => {
  const { output } = await sandbox.run("printf 'a\\0b\\377c'");
  expect(output).toBe('a\uFFFDb\uFFFDc');
});

test('after a new start of the sandbox an earlier command is lost and not run again', async () => {
  const other = await fixture.sandbox();
  const { incarnation } = await fixture.runtime.provision(other.spec);
  const step = newStep();
  const begun = Promise.withResolvers<unknown>();
  const first = other.run('echo ran >> ran; echo on; sleep 705', { step, incarnation, onOutput: begun.resolve });
  await begun.promise;
  await fixture.engine.docker.getContainer(`bellhop-${fixture.installation}-${other.id}`).kill();
  expect(await first).toMatchObject({ outcome: 'lost', exitCode: null });
  const again = await fixture.runtime.provision(other.spec);
  expect(again.created).toBe(false);
  expect(again.incarnation).not.toBe(incarnation);
  expect(await other.run('echo ran >> ran', { step, incarnation })).toMatchObject({ outcome: 'lost' });
  expect((await other.run('wc -l < ran', { incarnation: again.incarnation })).output).toBe('1\n');
});

test('a paused sandbox is no lost one: its command goes on after it', async () => {
  const other = await fixture.sandbox();
  const { incarnation } = await fixture.runtime.provision(other.spec);
  const step = newStep();
  const begun = Promise.withResolvers<unknown>();
  const first = other.run('echo on; sleep 1; echo went on', { step, incarnation, onOutput: begun.resolve });
  await begun.promise;
  await fixture.runtime.pause(other.id);
  await expect(other.run('true', { incarnation })).rejects.toMatchObject({ code: 'SandboxNotRunning' });
  await expect(fixture.runtime.killAgent(other.id, other.uid)).rejects.toMatchObject({ code: 'SandboxNotRunning' });
  await fixture.runtime.unpause(other.id);
  expect((await first).output).toBe('on\nwent on\n');
});

test('killing in a stopped sandbox has nothing to do', async () => {
  const other = await fixture.sandbox();
  await fixture.engine.docker.getContainer(`bellhop-${fixture.installation}-${other.id}`).kill();
  await fixture.runtime.killAgent(other.id, other.uid);
});

test('a command in a sandbox that is gone is an error that says so', async () => {
  const other = await fixture.sandbox();
  await fixture.runtime.remove(other.id);
  const error = await other.run('true').catch((reason: unknown) => reason);
  expect(isDockerError(error, 'SandboxMissing')).toBe(true);
});

/** A process like a worker: asks for the step, prints its output, and can be killed. */
function spawnFollower(step: string, command: string, timeoutMs = 20_000) {
  const call = { id: sandbox.id, uid: sandbox.uid, step, turn: 1, command, timeoutMs };
  return spawn(process.execPath, [join(import.meta.dirname, 'follower.ts')], {
    env: {
      ...process.env,
      FOLLOW: JSON.stringify({ ...call, installation: fixture.installation, runDir: fixture.runDir }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}
