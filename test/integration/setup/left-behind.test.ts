import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { connectEngine, type Engine } from '../../../docker/engine.ts';
import { sandboxImageName } from '../../../docker/sandbox-image.ts';
import { createSandboxRuntime } from '../../../docker/sandbox-runtime.ts';
import { filesLeftIn } from '../../runner/run-folder.ts';
import { sweepDeadRuns } from '../../runner/sweep-dead-runs.ts';
import { sweepEngine } from '../../runner/sweep-engine.ts';
import { sweepProcesses } from '../../runner/sweep-processes.ts';
import { docker, removeContainersOf } from '../../support/installation/containers.ts';
import { type TemporaryFolder, temporaryFolder } from '../../support/temporary-folder.ts';

const INSTALLATION = 'tleftove';

let folder: TemporaryFolder;
let engine: Engine;

beforeAll(async () => {
  folder = await temporaryFolder();
  engine = await connectEngine({ env: process.env });
});
afterAll(async () => {
  await removeContainersOf(INSTALLATION);
  await folder[Symbol.asyncDispose]();
});

test('a process that a run of the tests left is named and killed, by its folder in command line or environment', async () => {
  const byLine = spawn('sleep', ['600', '1'], { argv0: `${folder.path}/sleep`, stdio: 'ignore' });
  const byEnvironment = spawn('sleep', ['600'], { env: { ...process.env, TMPDIR: folder.path }, stdio: 'ignore' });
  const ended = [byLine, byEnvironment].map(async (child) => await once(child, 'exit'));
  const left = await sweepProcesses(folder.path);
  expect(left).toHaveLength(2);
  expect(left.join('\n')).toContain(`process ${byEnvironment.pid}: sleep 600`);
  expect((await Promise.all(ended)).map(([, signal]) => signal)).toEqual(['SIGKILL', 'SIGKILL']);
}, 20_000);

test('sandboxes and workspaces below the folder of a run are named and removed, those of another Bellhop stay', async () => {
  const image = await sandboxImageName(engine);
  const provision = async (run: string, agentUid: number) => {
    const runDir = path.join(folder.path, run, 'run');
    await mkdir(runDir, { recursive: true });
    const runtime = createSandboxRuntime({ engine, installation: INSTALLATION, runDir, image });
    const spec = { session: `slack:T1:C1:${run}`, runner: 'r1', agentUid, caBundle: 'no certificates\n' };
    await runtime.provision({ id: run, ...spec });
  };
  await provision('mine', 71_000_001);
  await provision('other', 71_000_002);
  const [mine, other] = [`bellhop-${INSTALLATION}-mine`, `bellhop-${INSTALLATION}-other`];
  expect(await sweepEngine(engine, path.join(folder.path, 'mine'))).toEqual([`container ${mine}`, `volume ${mine}`]);
  expect(await docker('ps', '--all', '--format', '{{.Names}}')).not.toContain(mine);
  expect((await docker('volume', 'ls', '-q')).split('\n')).not.toContain(mine);
  expect(await docker('ps', '--format', '{{.Names}}')).toContain(other);
  expect((await docker('volume', 'ls', '-q')).split('\n')).toContain(other);
}, 60_000);

test('files that tests left are named, caches of the tools are not', async () => {
  const ofTests = path.join(folder.path, 'files');
  await mkdir(path.join(ofTests, 'bh-left'), { recursive: true });
  await mkdir(path.join(ofTests, 'node-compile-cache'));
  const left = await filesLeftIn({ path: folder.path, ofTests, ofServices: folder.path });
  expect(left).toEqual([path.join(ofTests, 'bh-left')]);
});

test('what a run that was killed has left is removed by the next one, what still runs is not', async () => {
  const killed = spawn('true', { stdio: 'ignore' });
  await once(killed, 'exit');
  const dead = path.join(os.tmpdir(), `bellhop-tests-${killed.pid}`);
  const alive = path.join(os.tmpdir(), `bellhop-tests-${process.pid}`);
  await Promise.all([mkdir(dead), mkdir(alive)]);
  const forgotten = spawn('sleep', ['600'], { env: { ...process.env, TMPDIR: dead }, stdio: 'ignore' });
  const ended = once(forgotten, 'exit');
  const volume = `bellhop-${INSTALLATION}-dead`;
  await docker('volume', 'create', '--label', `bellhop.folder=${dead}/t/run`, volume);
  const said: string[] = [];
  await sweepDeadRuns(engine, (line) => said.push(line));
  expect(await ended).toEqual([null, 'SIGKILL']);
  // What runs of others have left on this machine is told as well.
  const here = said.filter((line) => line.includes(path.dirname(dead)));
  expect(here).toEqual([expect.stringContaining(dead)]);
  expect((await docker('volume', 'ls', '-q')).split('\n')).not.toContain(volume);
  expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
  await rm(alive, { recursive: true });
}, 20_000);
