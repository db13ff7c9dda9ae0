import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createEgressActivities, createRunnerActivities } from '../../../activities/create-runner-activities.ts';
import { createKeyedLock } from '../../../activities/keyed-lock.ts';
import { createPacedStarts } from '../../../activities/paced-starts.ts';
import { egressQueue, runnerQueue } from '../../../contracts/task-queues.ts';
import { connectEngine, type Engine } from '../../../docker/engine.ts';
import { hasImage } from '../../../docker/engine-images.ts';
import { ensureSandboxImage } from '../../../docker/sandbox-image.ts';
import { createSandboxRuntime } from '../../../docker/sandbox-runtime.ts';
import { createProxyControl } from '../../../proxy/control-client.ts';
import { openDatabase } from '../../../store/database.ts';
import { beat, type RunnerPart } from '../../../store/runners.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { toolSteps, waitForTurn } from '../../support/installation/turns.ts';

const RUNNER = 'late';

let engine: Engine;
let bellhop: Installation;
let image: { readonly repo: string; readonly tag: string };
let runner: AsyncDisposable;

beforeAll(async () => {
  engine = await connectEngine({ env: process.env });
  bellhop = await startInstallation();
  image = { repo: 'bellhop-test-late', tag: bellhop.id };
  await bellhop.processes.runner.kill('SIGTERM');
  await bellhop.database.query('delete from runner');
  runner = await startRunner(`${image.repo}:${image.tag}`);
}, 120_000);

afterAll(async () => {
  await runner?.[Symbol.asyncDispose]();
  await bellhop?.[Symbol.asyncDispose]();
  // Only the name: the image itself is everybody's.
  await engine.docker
    .getImage(`${image.repo}:${image.tag}`)
    .remove({ force: true })
    .catch(() => undefined);
}, 60_000);

/** The runner of the installation in this process, on an image of another name than the one that is there. */
async function startRunner(name: string): Promise<AsyncDisposable> {
  await using started = new AsyncDisposableStack();
  const runDir = path.join(bellhop.home, 'run');
  const database = openDatabase({ url: bellhop.databaseUrl('runner'), name: 'test-runner' });
  started.defer(() => database.end());
  const proxy = createProxyControl({ socketPath: path.join(runDir, 'control.sock') });
  started.defer(() => proxy.close());
  const alive = async () => {
    const lacks: RunnerPart[] = (await hasImage(engine, name)) ? [] : ['image'];
    await beat(database, { id: RUNNER, capacity: 10, runtime: 'runc', lacks });
  };
  await alive();
  const beating = setInterval(() => void alive().catch(() => undefined), 5_000);
  started.defer(() => clearInterval(beating));
  const connection = await NativeConnection.connect({ address: bellhop.temporal.address });
  started.defer(() => connection.close());
  const runtime = createSandboxRuntime({ engine, image: name, installation: bellhop.id, runDir });
  const caBundle = () => readFile(path.join(bellhop.home, 'ca-bundle.pem'), 'utf8');
  const shared = {
    runner: RUNNER,
    runtime,
    proxy,
    database,
    lock: createKeyedLock(),
    pacedStarts: createPacedStarts(2),
    makeRoom: async () => undefined,
    gitAuthor: null,
    caBundle,
    workspaceMb: 1_000,
    workspaceFiles: 1_000,
  };
  const options = { connection, namespace: 'bellhop' };
  const workers = await Promise.all([
    Worker.create({ ...options, taskQueue: runnerQueue(RUNNER), activities: createRunnerActivities(shared) }),
    Worker.create({ ...options, taskQueue: egressQueue(RUNNER), activities: createEgressActivities(shared) }),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  started.defer(async () => {
    for (const worker of workers) worker.shutdown();
    await running;
  });
  return started.move();
}

const ask = (text: string) => bellhop.slack.post('ada', '#platform-eng', `@bellhop\n${text}`);

test('without an image a question is answered, and a wrong key is told at once', async () => {
  const question = await ask('say no sandbox needed');
  await bellhop.slack.waitForAnswer(question, /no sandbox needed/);
  expect(await waitForTurn(bellhop, question, 1)).toMatchObject({ state: 'answered' });
  await bellhop.slack.post('ada', '#platform-eng', '@bellhop\nsay again', { threadTs: question.ts });
  expect(await waitForTurn(bellhop, question, 2)).toMatchObject({ state: 'answered' });

  const unauthorized = await ask('fail 401');
  await bellhop.slack.waitForAnswer(unauthorized, /key was refused/);
}, 60_000);

test('what is asked before the image is there is told to wait, and done when it is', async () => {
  const mention = await ask('$ echo done at last');
  await bellhop.slack.waitForAnswer(mention, /still being built; I start by myself/);
  expect(await toolSteps(bellhop, mention)).toMatchObject([{ state: 'pending' }]);

  const { name } = await ensureSandboxImage({ engine });
  await engine.docker.getImage(name).tag(image);
  await bellhop.slack.waitForAnswer(mention, /done at last\n/, 60_000);
  expect(await waitForTurn(bellhop, mention, 1)).toMatchObject({ state: 'answered' });
  expect(await toolSteps(bellhop, mention)).toMatchObject([{ output: 'done at last\n', attempt: 1 }]);
}, 120_000);
