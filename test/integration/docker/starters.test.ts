import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sandboxName } from '../../../docker/sandbox-names.ts';
import { everyProcessIn } from '../../support/agent-processes.ts';
import { contention } from '../../support/contention.ts';
import { until } from '../../support/until.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;

beforeAll(async () => {
  fixture = await createFixture();
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);
afterEach(async () => await fixture.runtime.killAgent(sandbox.id, sandbox.uid));

const ORDER = { step: 'followed', turn: 1, command: 'echo on; sleep 2', timeoutMs: 20_000 };

const agentProcesses = async () => await everyProcessIn(sandboxName(fixture.installation, sandbox.id), sandbox.uid);

/** The starter that obeys this very command: the parent of the one that follows it. */
const STARTER = 'pgrep -o -f "bellhop-step serve"';

test('the commands of a turn go to one starter, one after the other', async () => {
  await fixture.runtime.prepare(sandbox.id, sandbox.uid);
  const pids = new Set<string>();
  for (let asked = 0; asked < 5; asked += 1) pids.add((await sandbox.run(STARTER)).output);
  expect([...pids]).toEqual([expect.stringMatching(/^\d+\n$/)]);
});

test('a command that fails, one that is cut at its time and a long output leave the next one its own', async () => {
  expect(await sandbox.run('echo no; exit 3')).toMatchObject({ exitCode: 3, output: 'no\n' });
  expect(await sandbox.run('sleep 60', { timeoutMs: 300 })).toMatchObject({ timedOut: true, exitCode: 124 });
  expect((await sandbox.run('seq 1 400000')).outputBytes).toBe(2_688_895);
  expect(await sandbox.run('echo $((6 * 7)); pwd')).toMatchObject({ exitCode: 0, output: '42\n/workspace\n' });
});

test('reads and commands side by side get their own answers', async () => {
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await sandbox.run(`echo ${name} > ${name}.txt`);
  for (let round = 0; round < 3; round += 1) {
    const reads = ['a', 'b', 'c', 'd', 'e', 'f'].map(async (name) => {
      const { bytes } = await fixture.runtime.readFile(sandbox.id, sandbox.uid, `${name}.txt`, { maxBytes: 10 });
      return bytes.toString();
    });
    const runs = [1, 2, 3].map(async (number) => (await sandbox.run(`sleep 0.1; echo ${number}`)).output);
    expect(await Promise.all([...reads, ...runs])).toEqual('a b c d e f 1 2 3'.split(' ').map((text) => `${text}\n`));
  }
});

test('a read that is broken off does not answer the next one', async () => {
  await sandbox.run('head -c 3000000 /dev/zero > large; echo small > small');
  const { stream } = await fixture.runtime.openFile(sandbox.id, sandbox.uid, 'large', { maxBytes: 4_000_000 });
  stream.destroy();
  const { bytes } = await fixture.runtime.readFile(sandbox.id, sandbox.uid, 'small', { maxBytes: 100 });
  expect(bytes.toString()).toBe('small\n');
});

test('a waiting starter that the agent kills is replaced, and the command runs once', async () => {
  await sandbox.run('(sleep 0.3; pkill -9 -f "bellhop-step serve") > /dev/null 2>&1 &');
  await delay(800);
  expect(await sandbox.run('echo x >> killed; wc -l < killed')).toMatchObject({ exitCode: 0, output: '1\n' });
});

test('a waiting starter that the agent stops is replaced within some seconds, and the command runs once', async () => {
  await sandbox.run('(sleep 0.3; pkill -STOP -f "bellhop-step serve") > /dev/null 2>&1 &');
  await delay(800);
  const step = randomBytes(8).toString('hex');
  const began = performance.now();
  expect((await sandbox.run('echo x >> stopped; wc -l < stopped', { step })).output).toBe('1\n');
  expect(performance.now() - began).toBeLessThan(8_000 * contention());
  await sandbox.run('pkill -CONT -f "bellhop-step serve"');
  expect((await sandbox.run('wc -l < stopped')).output).toBe('1\n');
});

test('an order for a sandbox that was paused from outside is refused in seconds, not at the end of its time', async () => {
  await fixture.runtime.prepare(sandbox.id, sandbox.uid);
  // The engine hangs on a container that is paused while a program is being started in it.
  const isWaiting = async () => (await agentProcesses()).some((line) => line.endsWith('bellhop-step serve'));
  await until(isWaiting, 'a starter that waits');
  const container = fixture.engine.docker.getContainer(sandboxName(fixture.installation, sandbox.id));
  await container.pause();
  const began = performance.now();
  await expect(sandbox.run('echo never')).rejects.toMatchObject({ code: 'SandboxNotRunning' });
  expect(performance.now() - began).toBeLessThan(8_000 * contention());
  await fixture.runtime.unpause(sandbox.id);
  expect((await sandbox.run('echo awake')).output).toBe('awake\n');
});

test('a starter of an earlier life of the sandbox is given up, and a new command starts in the present life', async () => {
  await fixture.runtime.prepare(sandbox.id, sandbox.uid);
  const container = fixture.engine.docker.getContainer(sandboxName(fixture.installation, sandbox.id));
  await container.restart({ t: 0 });
  await fixture.runtime.provision(sandbox.spec);
  expect((await sandbox.run('echo new life')).output).toBe('new life\n');
});

test('one that is on its way when the turn ends does not wait for the next turn', async () => {
  for (const ms of [0, 20, 40, 60, 80]) {
    const preparing = fixture.runtime.prepare(sandbox.id, sandbox.uid);
    const reading = fixture.runtime.readFile(sandbox.id, sandbox.uid, '/etc/hostname', { maxBytes: 10 }).catch(() => 0);
    await delay(ms);
    await fixture.runtime.endTurn(sandbox.id, sandbox.uid, 0);
    await Promise.all([preparing, reading]);
    await until(async () => (await agentProcesses()).length === 0, 'the starters to end');
  }
});

test('those of a runner that was killed end by themselves', async () => {
  const { installation, runDir } = fixture;
  const { id, uid } = sandbox;
  const follower = spawn(process.execPath, [join(import.meta.dirname, 'follower.ts')], {
    env: { ...process.env, FOLLOW: JSON.stringify({ installation, runDir, id, uid, ...ORDER }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(follower.stdout, 'data');
  expect(await agentProcesses()).toContainEqual(expect.stringMatching(/bellhop-step serve$/));
  follower.kill('SIGKILL');
  await until(async () => (await agentProcesses()).length === 0, 'the starters to end');
});

test('none of them outlives the turn', async () => {
  await Promise.all([1, 2, 3].map(async (number) => await sandbox.run(`sleep 0.2; echo ${number}`)));
  await fixture.runtime.killAgent(sandbox.id, sandbox.uid);
  expect(await agentProcesses()).toEqual([]);
});
