import { setTimeout as delay } from 'node:timers/promises';
import { createSandboxRuntime } from '../../../docker/sandbox-runtime.ts';
import { contention } from '../../support/contention.ts';
import { createFixture, type Fixture } from './fixture.ts';

let fixture: Fixture;

beforeAll(async () => {
  fixture = await createFixture();
}, 900_000);
afterAll(async () => await fixture[Symbol.asyncDispose](), 60_000);

const containerOf = (id: string, installation = fixture.installation) =>
  fixture.engine.docker.getContainer(`bellhop-${installation}-${id}`);

test('making a sandbox that is there is a success and changes nothing, five times at once too', async () => {
  const spec = { id: 'many', session: 'slack:T1:C1:9', runner: 'r1', agentUid: 91_001, caBundle: 'x' };
  const made = await Promise.all(Array.from({ length: 5 }, () => fixture.runtime.provision(spec)));
  expect(made.filter(({ created }) => created)).toHaveLength(1);
  expect(new Set(made.map(({ incarnation }) => incarnation)).size).toBe(1);
  const [before] = made;
  const again = await fixture.runtime.provision(spec);
  expect(again).toEqual({ ...before, created: false });
});

test('a stopped sandbox is started, a paused one unpaused, and its files are there', async () => {
  const sandbox = await fixture.sandbox();
  await sandbox.run('echo kept > file');
  const before = await fixture.runtime.provision(sandbox.spec);
  await fixture.runtime.pause(sandbox.id);
  await fixture.runtime.pause(sandbox.id);
  expect(await fixture.runtime.state(sandbox.id)).toBe('paused');
  await expect(sandbox.run('true')).rejects.toMatchObject({ code: 'SandboxNotRunning' });
  expect(await fixture.runtime.provision(sandbox.spec)).toMatchObject({
    created: false,
    incarnation: before.incarnation,
  });
  await containerOf(sandbox.id).kill();
  expect(await fixture.runtime.state(sandbox.id)).toBe('stopped');
  const after = await fixture.runtime.provision(sandbox.spec);
  expect(after).toMatchObject({ created: false });
  expect(after.incarnation).not.toBe(before.incarnation);
  expect((await sandbox.run('cat file')).output).toBe('kept\n');
});

test('a sandbox that is paused while programs are being started in it wakes again, and runs them', async () => {
  const sandbox = await fixture.sandbox();
  for (let round = 0; round < 10; round += 1) {
    const started = [1, 2, 3].map((number) => sandbox.run(`echo ${number}`).catch((error: unknown) => error));
    await delay(round * 12);
    await fixture.runtime.pause(sandbox.id);
    await fixture.runtime.unpause(sandbox.id);
    await Promise.all(started);
  }
  expect((await sandbox.run('echo awake')).output).toBe('awake\n');
}, 60_000);

test('removing keeps the workspace until it is removed too, and both can be repeated', async () => {
  const sandbox = await fixture.sandbox();
  await sandbox.run('echo kept > file');
  await fixture.runtime.remove(sandbox.id);
  await fixture.runtime.remove(sandbox.id);
  expect(await fixture.runtime.state(sandbox.id)).toBe('missing');
  expect(await fixture.runtime.listVolumes()).toContainEqual({
    id: sandbox.id,
    session: sandbox.spec.session,
    runner: 'r1',
  });
  expect(await fixture.runtime.provision(sandbox.spec)).toMatchObject({ created: true });
  expect((await sandbox.run('cat file')).output).toBe('kept\n');
  await fixture.runtime.remove(sandbox.id);
  await fixture.runtime.removeVolume(sandbox.id);
  await fixture.runtime.removeVolume(sandbox.id);
  expect((await fixture.runtime.listVolumes()).map(({ id }) => id)).not.toContain(sandbox.id);
});

test('a sandbox whose folder was removed under it is made anew', async () => {
  const { rm } = await import('node:fs/promises');
  const sandbox = await fixture.sandbox();
  await rm(`${fixture.runDir}/${sandbox.id}`, { recursive: true });
  expect(await fixture.runtime.provision(sandbox.spec)).toMatchObject({ created: true });
  expect((await sandbox.run('cat /run/bellhop/ca.pem; whoami')).output).toBe('no certificates\nagent\n');
});

test('a sandbox is not handed to another session', async () => {
  const sandbox = await fixture.sandbox();
  const foreign = fixture.runtime.provision({ ...sandbox.spec, session: 'slack:T1:C2:1' });
  await expect(foreign).rejects.toMatchObject({ code: 'SandboxTaken' });
});

test('a path too long for a socket is refused before anything is made', async () => {
  const { engine, image, installation } = fixture;
  const runtime = createSandboxRuntime({ engine, image, installation, runDir: `/tmp/${'long'.repeat(25)}` });
  const attempt = runtime.provision({ id: 'x', session: 's', runner: 'r', agentUid: 91_002 });
  await expect(attempt).rejects.toMatchObject({
    code: 'SocketPathTooLong',
    message: expect.stringContaining('BELLHOP_RUN_DIR'),
  });
});

test('a missing image is an error of its own', async () => {
  const { engine, installation, runDir } = fixture;
  const runtime = createSandboxRuntime({ engine, installation, runDir, image: 'bellhop-sandbox:none' });
  const attempt = runtime.provision({ id: 'noimage', session: 's', runner: 'r', agentUid: 91_003 });
  await expect(attempt).rejects.toMatchObject({ code: 'ImageMissing' });
});

test('two installations on one engine do not see each other, whatever their sandboxes are called', async () => {
  await using second = await createFixture();
  const ours = { id: 'same', session: 'slack:T1:C1:1', runner: 'r1', agentUid: 91_010, caBundle: 'x' };
  await fixture.runtime.provision(ours);
  await second.runtime.provision({ ...ours, agentUid: 91_011 });
  await second.runtime.runStep('same', {
    uid: 91_011,
    step: 's',
    turn: 1,
    command: 'echo second > who',
    timeoutMs: 5_000,
  });
  expect((await second.runtime.list()).map(({ id }) => id)).toEqual(['same']);
  await second.runtime.remove('same');
  await second.runtime.removeVolume('same');
  expect(await fixture.runtime.state('same')).toBe('running');
  expect((await fixture.runtime.list()).find(({ id }) => id === 'same')).toMatchObject({
    session: 'slack:T1:C1:1',
    runner: 'r1',
    state: 'running',
  });
});

test('how long it takes: printed, and within what people wait for', async () => {
  const took = async (work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    return Math.round(performance.now() - started);
  };
  const times: Record<string, number[]> = { provision: [], exec: [], pause: [], 'unpause + exec': [], remove: [] };
  for (let i = 0; i < 5; i++) {
    const spec = { id: `t${i}`, session: `slack:T1:C1:t${i}`, runner: 'r1', agentUid: 92_000 + i, caBundle: 'x' };
    const run = async () =>
      await fixture.runtime.runStep(spec.id, {
        uid: spec.agentUid,
        step: `${Math.random()}`,
        turn: 1,
        command: 'true',
        timeoutMs: 5_000,
      });
    times.provision?.push(await took(async () => await fixture.runtime.provision(spec)));
    for (let j = 0; j < 3; j++) times.exec?.push(await took(run));
    times.pause?.push(await took(async () => await fixture.runtime.pause(spec.id)));
    times['unpause + exec']?.push(
      await took(async () => {
        await fixture.runtime.unpause(spec.id);
        await run();
      }),
    );
    times.remove?.push(await took(async () => await fixture.runtime.remove(spec.id)));
  }
  console.log(JSON.stringify(times));
  const median = (values: number[] = []) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Infinity;
  expect(median(times.provision)).toBeLessThan(3_000 * contention());
  expect(median(times['unpause + exec'])).toBeLessThan(1_000 * contention());
}, 60_000);

test('what was seen of a sandbox holds over a pause, and for nobody else; a start makes it another one', async () => {
  const sandbox = await fixture.sandbox();
  await sandbox.listen((_, response) => void response.end());
  const first = await fixture.runtime.provision(sandbox.spec);
  expect(first.sockets).toBe(1);
  expect(await fixture.runtime.provision(sandbox.spec)).toEqual(first);
  await fixture.runtime.pause(sandbox.id);
  expect(await fixture.runtime.provision(sandbox.spec)).toEqual(first);
  expect(await fixture.runtime.state(sandbox.id)).toBe('running');
  const foreign = fixture.runtime.provision({ ...sandbox.spec, session: 'slack:T1:C2:1' });
  await expect(foreign).rejects.toMatchObject({ code: 'SandboxTaken' });
  await containerOf(sandbox.id).restart({ t: 0 });
  const second = await fixture.runtime.provision(sandbox.spec);
  expect(second.incarnation).not.toBe(first.incarnation);
});
