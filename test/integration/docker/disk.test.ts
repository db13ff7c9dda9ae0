import { setTimeout as delay } from 'node:timers/promises';
import { watchWorkspace } from '../../../docker/watch-workspace.ts';
import { createFixture, type Fixture, type TestSandbox } from './fixture.ts';

let fixture: Fixture;
let sandbox: TestSandbox;
const MB = 1024 * 1024;

beforeAll(async () => {
  fixture = await createFixture({ tmpMb: 64, memoryMb: 512 });
  sandbox = await fixture.sandbox();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

test('a full /tmp is a full /tmp and nothing else', async () => {
  const full = await sandbox.run('head -c 100M /dev/zero > /tmp/big; df --output=avail /tmp | tail -1');
  expect(full.output).toMatch(/No space left on device\n\s*0\n$/);
  expect((await sandbox.run('echo works > file; cat file; rm /tmp/big')).output).toBe('works\n');
});

test('programs may run from /tmp', async () => {
  const { output } = await sandbox.run('printf "#!/bin/sh\\necho ran" > /tmp/x; chmod +x /tmp/x; /tmp/x');
  expect(output).toBe('ran\n');
});

test('an agent that fills the folder of steps can still be given commands', async () => {
  await sandbox.run('head -c 200M /dev/zero > /run/steps/mine; mkdir -p /run/steps/.hidden; true');
  expect(await sandbox.run('echo works')).toMatchObject({ outcome: 'finished', output: 'works\n' });
});

test('a command that takes more memory than there is ends, and the files stay', async () => {
  const greedy = await fixture.sandbox();
  await greedy.run('echo kept > file');
  const command = 'python3 -c "x = bytearray(1000 * 1024 * 1024)"; echo code $?';
  // Asked for again, as an activity is, when the sandbox breaks off in the middle of it.
  const { incarnation } = await fixture.runtime.provision(greedy.spec);
  const ask = async () => await greedy.run(command, { step: 'greedy', incarnation });
  const result = await ask().catch(ask);
  if (fixture.runtime.probeRuntime().runtime === 'runsc') {
    // gVisor's kernel is one process of the machine's: it ends with everything in it, and is started again.
    expect(result.outcome).toBe('lost');
    await fixture.runtime.provision(greedy.spec);
  } else {
    expect(result.output).toMatch(/code (137|1)\n$/);
    expect(await fixture.runtime.state(greedy.id)).toBe('running');
  }
  expect((await greedy.run('cat file')).output).toBe('kept\n');
});

test('the workspace is counted with closed folders and with deleted files that are still open', async () => {
  const count = async () => (await fixture.runtime.workspaceUse(sandbox.id, sandbox.uid)).bytes;
  const before = await count();
  await sandbox.run('mkdir closed && head -c 20M /dev/urandom > closed/file && chmod 000 closed');
  const withClosed = await count();
  expect(withClosed - before).toBeGreaterThanOrEqual(20 * MB);
  await sandbox.run('head -c 30M /dev/urandom > gone; (exec 8< gone 9< gone; rm gone; sleep 20) & sleep 0.3');
  const withDeleted = (await count()) - withClosed;
  expect(withDeleted).toBeGreaterThan(29 * MB);
  expect(withDeleted).toBeLessThan(35 * MB);
  await fixture.runtime.killAgent(sandbox.id, sandbox.uid);
  expect((await count()) - withClosed).toBeLessThan(5 * MB);
});

test('files without content are counted too, and those that are deleted and still open', async () => {
  const count = async () => (await fixture.runtime.workspaceUse(sandbox.id, sandbox.uid)).files;
  const before = await count();
  await sandbox.run('mkdir many && cd many && seq 3000 | xargs touch');
  expect((await count()) - before).toBe(3_001);
  await sandbox.run('rm -r many; (exec 8> one 9> two; rm one two; sleep 20) & sleep 0.3');
  expect((await count()) - before).toBe(2);
  await fixture.runtime.killAgent(sandbox.id, sandbox.uid);
  expect(await count()).toBe(before);
});

test('the watch tells once when a workspace grows over its limit, and not before', async () => {
  const over: number[] = [];
  const limit = {
    bytes: (await fixture.runtime.workspaceUse(sandbox.id, sandbox.uid)).bytes + 10 * MB,
    files: 1_000_000,
  };
  const watch = watchWorkspace({
    runtime: fixture.runtime,
    id: sandbox.id,
    uid: sandbox.uid,
    limit,
    everyMs: 100,
    onHindered: () => undefined,
    onOver: ({ bytes }) => over.push(bytes),
  });
  await delay(600);
  expect(over).toEqual([]);
  await sandbox.run('head -c 15M /dev/urandom > more');
  await delay(1_000);
  watch.stop();
  expect(over).toHaveLength(1);
  expect(over[0]).toBeGreaterThan(limit.bytes);
});

test('whether the engine limits volumes is found by trying', async () => {
  const limited = await fixture.runtime.limitsWorkspaces();
  console.log(`the engine holds volumes to a size: ${limited}`);
  expect(typeof limited).toBe('boolean');
  const { Volumes } = await fixture.engine.docker.listVolumes({ filters: { name: [`${fixture.installation}-probe`] } });
  expect(Volumes ?? []).toEqual([]);
});

test('a workspace with more nested folders than the engine has file descriptors can be removed', async () => {
  const deep = await fixture.sandbox();
  const nest = 'import os\nfor _ in range(22000):\n    os.mkdir("d"); os.chdir("d")\n';
  const { exitCode } = await deep.run(`python3 -c '${nest}'`, { timeoutMs: 60_000 });
  // gVisor opens folders from outside, and has an end there itself.
  expect(exitCode).toBe(fixture.runtime.probeRuntime().runtime === 'runsc' ? 1 : 0);
  await fixture.runtime.remove(deep.id);
  await fixture.runtime.removeVolume(deep.id);
  expect((await fixture.runtime.listVolumes()).map(({ id }) => id)).not.toContain(deep.id);
}, 180_000);

test('a folder that is listed but not opened hides nothing from the count', async () => {
  const other = await fixture.sandbox();
  await other.run('mkdir half && head -c 20M /dev/urandom > half/file && chmod 600 half');
  expect((await fixture.runtime.workspaceUse(other.id, other.uid)).bytes).toBeGreaterThan(19 * MB);
});

test('a workspace deeper than a path is long is counted to its end', async () => {
  const other = await fixture.sandbox();
  const nest = 'import os\nfor _ in range(3000):\n    os.mkdir("d"); os.chdir("d")\n';
  await other.run(`python3 -c '${nest}'; true`);
  expect((await fixture.runtime.workspaceUse(other.id, other.uid)).files).toBeGreaterThanOrEqual(3_000);
});
