/** The runner: sandboxes and tool calls of this machine, and the reaper that looks after what is left behind. */
import { readFile } from 'node:fs/promises';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { createEgressActivities, createRunnerActivities } from '../activities/create-runner-activities.ts';
import { createKeyedLock } from '../activities/keyed-lock.ts';
import { DEFAULT_WORKSPACE_FILES } from '../activities/workspace-guard.ts';
import { egressQueue, runnerQueue } from '../contracts/task-queues.ts';
import { connectEngine } from '../docker/engine.ts';
import { DEFAULT_LIMITS } from '../docker/sandbox.ts';
import { hasSandboxImage, sandboxImageName } from '../docker/sandbox-image.ts';
import { createSandboxRuntime } from '../docker/sandbox-runtime.ts';
import { createProxyControl } from '../proxy/control-client.ts';
import { openDatabase } from '../store/database.ts';
import { beat } from '../store/runners.ts';
import { baseEnvironment, positive, readEnvironment } from './environment.ts';
import { every } from './every.ts';
import { type ProcessContext, type RunningProcess, runProcess } from './run-process.ts';
import { makeRoom } from './runner/make-room.ts';
import { reap } from './runner/reaper.ts';
import { temporalTarget } from './temporal-connection.ts';
import { installTemporalLogger } from './temporal-logger.ts';

const BEAT_EVERY_MS = 5_000;
/** Container, socket and lease of a terminated workflow are gone within a minute. */
const REAP_EVERY_MS = 15_000;

const schema = baseEnvironment.extend({
  BELLHOP_INSTALLATION: z.string().min(1),
  /** Stable over restarts: a session's files are on this machine. */
  BELLHOP_RUNNER: z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/),
  BELLHOP_RUN_DIR: z.string().min(1),
  BELLHOP_PROXY_CONTROL: z.string().min(1),
  BELLHOP_CA_BUNDLE: z.string().min(1),
  BELLHOP_SANDBOXES: positive(60),
  BELLHOP_SANDBOX_RUNTIME: z.enum(['auto', 'runc', 'runsc']).default('auto'),
  BELLHOP_SANDBOX_MEMORY_MB: positive(DEFAULT_LIMITS.memoryMb),
  BELLHOP_SANDBOX_CPUS: positive(DEFAULT_LIMITS.cpus),
  BELLHOP_SANDBOX_TMP_MB: positive(DEFAULT_LIMITS.tmpMb),
  BELLHOP_SANDBOX_WORKSPACE_MB: positive(DEFAULT_LIMITS.workspaceMb),
  BELLHOP_SANDBOX_WORKSPACE_FILES: positive(DEFAULT_WORKSPACE_FILES),
  BELLHOP_WORKSPACE_RETENTION_HOURS: positive(30 * 24),
});

async function start({ log, environment }: ProcessContext): Promise<RunningProcess> {
  const env = readEnvironment(schema, environment);
  installTemporalLogger(log);
  const runner = env.BELLHOP_RUNNER;
  const database = openDatabase({ url: env.BELLHOP_DATABASE_URL, name: 'runner', connections: 16 });
  const proxy = createProxyControl({ socketPath: env.BELLHOP_PROXY_CONTROL });
  const engine = await connectEngine({ env: environment });
  const runtime = createSandboxRuntime({
    engine,
    image: await sandboxImageName(engine),
    installation: env.BELLHOP_INSTALLATION,
    runDir: env.BELLHOP_RUN_DIR,
    runtime: env.BELLHOP_SANDBOX_RUNTIME,
    limits: {
      memoryMb: env.BELLHOP_SANDBOX_MEMORY_MB,
      cpus: env.BELLHOP_SANDBOX_CPUS,
      tmpMb: env.BELLHOP_SANDBOX_TMP_MB,
      workspaceMb: env.BELLHOP_SANDBOX_WORKSPACE_MB,
    },
  });
  const lock = createKeyedLock();
  const caBundle = () => readFile(env.BELLHOP_CA_BUNDLE, 'utf8');
  const temporal = temporalTarget(environment);
  const connection = await NativeConnection.connect(temporal.connection);
  const client = new Client({ connection, namespace: temporal.namespace });
  const shared = {
    connection,
    namespace: temporal.namespace,
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: '5s',
  } as const;
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: runnerQueue(runner),
      // Every session may be in a long command, and reads of one answer run side by side: nobody waits for another.
      maxConcurrentActivityTaskExecutions: 2 * env.BELLHOP_SANDBOXES + 40,
      activities: createRunnerActivities({
        runner,
        runtime,
        proxy,
        database,
        lock,
        caBundle,
        workspaceMb: env.BELLHOP_SANDBOX_WORKSPACE_MB,
        workspaceFiles: env.BELLHOP_SANDBOX_WORKSPACE_FILES,
      }),
    }),
    // A slot for each sandbox, so that no turn waits for another's end.
    Worker.create({
      ...shared,
      taskQueue: egressQueue(runner),
      activities: createEgressActivities({ proxy, database }),
      maxConcurrentActivityTaskExecutions: env.BELLHOP_SANDBOXES + 10,
    }),
  ]);
  const loops = [
    every(BEAT_EVERY_MS, 'beat', () => sayAlive(), log),
    every(
      BEAT_EVERY_MS,
      'making room',
      () => makeRoom({ ...reaperDependencies(), capacity: env.BELLHOP_SANDBOXES }),
      log,
    ),
    every(REAP_EVERY_MS, 'reaper', () => reap(reaperDependencies()), log),
  ];
  const running = Promise.all(workers.map((worker) => worker.run()));
  running.catch((error: unknown) => {
    log.fatal({ err: error }, 'the worker stopped');
    process.exit(1);
  });

  async function sayAlive(): Promise<void> {
    const imageReady = await hasSandboxImage(engine);
    const { runtime: name } = runtime.probeRuntime();
    await beat(database, { id: runner, capacity: env.BELLHOP_SANDBOXES, runtime: name, imageReady });
  }

  function reaperDependencies() {
    const retentionHours = env.BELLHOP_WORKSPACE_RETENTION_HOURS;
    return { runner, runtime, proxy, client, database, lock, retentionHours, log };
  }

  return {
    async stop() {
      for (const worker of workers) worker.shutdown();
      await Promise.all([running, ...loops.map((loop) => loop.stop())]);
      await proxy.close();
      await connection.close();
      await database.end();
    },
  };
}

await runProcess('runner', start);
