import { setTimeout as delay } from 'node:timers/promises';
import { createSandboxRuntime } from '../../../docker/sandbox-runtime.ts';
import { watchWorkspace } from '../../../docker/watch-workspace.ts';
import { diskOf } from '../../../docker/workspace-disk.ts';
import { contention } from '../../support/contention.ts';
import { until } from '../../support/until.ts';
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

test('a command that cleans up a workspace over its limit is let do so, also when it begins late', async () => {
  await sandbox.run('mkdir many && cd many && seq 3000 | xargs touch');
  const { files } = await fixture.runtime.workspaceUse(sandbox.id, sandbox.uid);
  const over: number[] = [];
  const watch = watchWorkspace({
    runtime: fixture.runtime,
    id: sandbox.id,
    uid: sandbox.uid,
    limit: { bytes: 1_000 * MB, files: files - 1_000 },
    everyMs: 100,
    onHindered: () => over.push(-1),
    onOver: (use) => over.push(use.files),
  });
  await sandbox.run('sleep 2; rm -r many');
  await delay(1_000);
  expect(over).toEqual([]);
  // It is held to its limit as any other from then on.
  await sandbox.run('mkdir again && cd again && seq 3000 | xargs touch');
  await until(async () => over.length > 0, 'the watch to tell');
  watch.stop();
  await sandbox.run('rm -r again');
}, 60_000);

test('whether the engine limits volumes is found by trying', async () => {
  const limited = await fixture.runtime.limitsWorkspaces();
  console.log(`the engine holds volumes to a size: ${limited}`);
  expect(typeof limited).toBe('boolean');
  const { Volumes } = await fixture.engine.docker.listVolumes({ filters: { name: [`${fixture.installation}-probe`] } });
  expect(Volumes ?? []).toEqual([]);
});

test('a workspace with more nested folders than the engine has file descriptors can be removed', async () => {
  const deep = await fixture.sandbox();
  const { exitCode } = await deep.run(nest(22_000), { timeoutMs: 60_000 });
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

/** Makes folders in each other from here on, and leaves a file in the deepest. */
const nest = (depth: number, leave = '') =>
  `python3 -c '${`import os\nfor _ in range(${depth}):\n    os.mkdir("d"); os.chdir("d")\n${leave}`}'`;

test('a workspace deeper than a path is long is counted to its end', async () => {
  const other = await fixture.sandbox();
  await other.run(`${nest(3_000, 'open("f", "wb").write(b"x" * 40_000_000)')}; true`);
  const use = await fixture.runtime.workspaceUse(other.id, other.uid);
  expect(use).toMatchObject({ complete: true });
  expect(use.files).toBeGreaterThanOrEqual(3_000);
  expect(use.bytes).toBeGreaterThan(40_000_000);
});

test('a workspace that could not be counted to its end says so, and is ended like one that is over its limit', async () => {
  const other = await fixture.sandbox();
  await other.run(`${nest(9_000, 'open("f", "wb").write(b"x" * 40_000_000)')}; true`, { timeoutMs: 60_000 });
  if (fixture.runtime.probeRuntime().runtime === 'runsc') return;
  expect(await fixture.runtime.workspaceUse(other.id, other.uid)).toMatchObject({ complete: false });
  const said = Promise.withResolvers<string>();
  const limit = { bytes: 1_000 * MB, files: 1_000_000 };
  const watch = watchWorkspace({
    ...{ runtime: fixture.runtime, id: other.id, uid: other.uid, limit, everyMs: 100 },
    onOver: () => said.resolve('over'),
    onHindered: () => said.resolve('hindered'),
  });
  expect(await said.promise).toBe('hindered');
  watch.stop();
}, 90_000);

/** Counts ten times while the loop runs beside. */
async function countsBeside(loop: string) {
  const other = await fixture.sandbox();
  await other.run('mkdir -p a/b/c && head -c 20M /dev/urandom > a/b/c/file');
  await other.run(`(${loop}) > /dev/null 2>&1 & sleep 0.2`);
  const counts = [];
  for (let count = 0; count < 10; count += 1) counts.push(await fixture.runtime.workspaceUse(other.id, other.uid));
  return counts.map(({ bytes, complete }) => ({ seen: bytes > 19 * MB, complete }));
}

test('an agent that closes its folders again and again hides nothing, or is found out', async () => {
  const counts = await countsBeside('while :; do chmod 0 a/b a; chmod 700 a; done');
  for (const { seen, complete } of counts) expect(seen || !complete).toBe(true);
});

test('what an agent moves again and again is seen by most counts, and one is enough to end it', async () => {
  // One count may miss a folder: it lists the place where the folder is not yet, and then the place where it is no more.
  const counts = await countsBeside('while :; do mv a/b b; mv b a/b; done');
  expect(counts.filter(({ seen, complete }) => seen || !complete).length).toBeGreaterThanOrEqual(6);
});

test.each([
  ['files', 'python3 -c \'import itertools\nfor i in itertools.count(): open(f"f{i}", "w")\'', { files: 20_000 }],
  ['bytes', 'cat /dev/zero > big', { bytes: 300 * MB }],
])(
  'a writer of %s as fast as can be is stopped near the limit',
  async (kind, command, limit) => {
    const other = await fixture.sandbox();
    const limits = { bytes: 100_000 * MB, files: 10_000_000, ...limit };
    const stopped = Promise.withResolvers<void>();
    const end = () => void fixture.runtime.killAgent(other.id, other.uid).then(stopped.resolve, stopped.reject);
    const watch = watchWorkspace({
      ...{ runtime: fixture.runtime, id: other.id, uid: other.uid, limit: limits, everyMs: 5_000 },
      onOver: end,
      onHindered: end,
    });
    const running = other.run(command, { timeoutMs: 60_000 });
    await stopped.promise;
    watch.stop();
    expect((await running).outcome).toBe('killed');
    const use = await fixture.runtime.workspaceUse(other.id, other.uid);
    console.log(`${kind}: ${use.files} files, ${Math.round(use.bytes / MB)} MB`);
    // How far it gets is its speed times the time that a busy machine takes to notice. A count every few seconds is far worse.
    expect(use.files).toBeLessThan(limits.files * Math.min(2, 1 + 0.5 * contention()));
    expect(use.bytes).toBeLessThan(limits.bytes + 2_000 * MB);
  },
  90_000,
);

test('a sandbox writes to the disk no faster than it may, past the memory of the machine', async () => {
  if (fixture.runtime.probeRuntime().runtime === 'runsc') return;
  const { engine, image, installation, runDir } = fixture;
  const limits = { diskMbPerSecond: 20 };
  const runtime = createSandboxRuntime({ engine, image, installation, runDir, limits });
  const spec = { id: 'slow', session: 's', runner: 'r', agentUid: 94_001, caBundle: 'x' };
  await runtime.provision(spec);
  expect(await diskOf(engine)).toMatch(/^\/dev\//);
  const call = { uid: spec.agentUid, step: 'abc', turn: 1, timeoutMs: 60_000 };
  const command = 'dd if=/dev/zero of=big bs=1M count=60 oflag=direct 2>&1 | tail -1';
  const started = performance.now();
  const { output } = await runtime.runStep(spec.id, { ...call, command });
  expect(output).toContain('copied');
  expect(performance.now() - started).toBeGreaterThan(2_000);
}, 90_000);
