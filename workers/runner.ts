/** The runner: sandboxes and tool calls of this machine, and the reaper that removes what was left behind. */
import { readFile } from 'node:fs/promises';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { z } from 'zod';
import { createEgressActivities, createRunnerActivities } from '../activities/create-runner-activities.ts';
import { BUILD_PREFIX } from '../activities/environments.ts';
import { createKeyedLock } from '../activities/keyed-lock.ts';
import { createPacedStarts } from '../activities/paced-starts.ts';
import { DEFAULT_WORKSPACE_FILES } from '../activities/workspace-guard.ts';
import { egressQueue, runnerQueue } from '../contracts/task-queues.ts';
import { connectEngine } from '../docker/engine.ts';
import { bestImage } from '../docker/image-choice.ts';
import { runtimeWishOf } from '../docker/runtime-choice.ts';
import { DEFAULT_LIMITS } from '../docker/sandbox.ts';
import { hasSandboxImage, sandboxToolsOf } from '../docker/sandbox-image.ts';
import { createSandboxRuntime } from '../docker/sandbox-runtime.ts';
import { createProxyControl, type ProxyControl } from '../proxy/control-client.ts';
import { PORTS } from '../setup/host/port-wishes.ts';
import { registryMirrors } from '../setup/registry-mirrors.ts';
import { openDatabase } from '../store/database.ts';
import { listenTo } from '../store/notifications.ts';
import { beat } from '../store/runners.ts';
import { connectWorker } from './connect-worker.ts';
import { baseEnvironment, poolSize, positive, readEnvironment } from './environment.ts';
import { every } from './every.ts';
import { type ProcessContext, type RunningProcess, runProcess } from './run-process.ts';
import { correctRows } from './runner/correct-rows.ts';
import { createListServers } from './runner/list-servers.ts';
import { makeRoom, spareOf } from './runner/make-room.ts';
import { notingSandboxes } from './runner/noting-sandboxes.ts';
import { createReadiness } from './runner/readiness.ts';
import { reap } from './runner/reaper.ts';
import { checkDatabase, checkTemporal, tellSandboxes } from './signals/told.ts';
import { temporalTarget } from './temporal-connection.ts';
import { installTemporalLogger } from './temporal-logger.ts';

const BEAT_EVERY_MS = 5_000;
/** Sandboxes that start at the same time, on a machine with one core. With more cores it is one for each. */
const LEAST_STARTS = 2;
/** Container, socket and lease of a terminated workflow are gone within a minute. */
const REAP_EVERY_MS = 15_000;
const FORGET_EVERY_MS = 10 * 60_000;

const schema = baseEnvironment.extend({
  BELLHOP_INSTALLATION: z.string().min(1),
  /** It must stay the same over restarts, because the files of sessions are on this machine. */
  BELLHOP_RUNNER: z.string().regex(/^[a-z0-9][a-z0-9-]{0,40}$/),
  BELLHOP_RUN_DIR: z.string().min(1),
  BELLHOP_PROXY_CONTROL: z.string().min(1),
  /** JSON: the mirrors that clients of packages in sandboxes are told of. Without it, this machine is asked. */
  BELLHOP_REGISTRY_MIRRORS: z.string().optional(),
  BELLHOP_OPERATOR_FILE: z.string().optional(),
  BELLHOP_CA_BUNDLE: z.string().min(1),
  BELLHOP_SANDBOXES: positive(60),
  BELLHOP_PRODUCTION: z.enum(['yes', 'no']).default('no'),
  BELLHOP_SANDBOX_RUNTIME: z.enum(['auto', 'runc', 'runsc']).default('auto'),
  BELLHOP_SANDBOX_RUNTIME_REASON: z.string().max(500).optional(),
  BELLHOP_SANDBOX_TOOLS: z.enum(['base', 'full']).default('full'),
  BELLHOP_SANDBOX_GIT_AUTHOR: z
    .string()
    .regex(/^[^<>\p{Cc}]+ <[^<>\s]+@[^<>\s]+>$/u, 'must be: Name <address>')
    .optional(),
  BELLHOP_SANDBOX_MEMORY_MB: positive(DEFAULT_LIMITS.memoryMb),
  BELLHOP_SANDBOX_CPUS: positive(DEFAULT_LIMITS.cpus),
  BELLHOP_SANDBOX_TMP_MB: positive(DEFAULT_LIMITS.tmpMb),
  BELLHOP_SANDBOX_WORKSPACE_MB: positive(DEFAULT_LIMITS.workspaceMb),
  BELLHOP_SANDBOX_WORKSPACE_FILES: positive(DEFAULT_WORKSPACE_FILES),
  BELLHOP_SANDBOX_DISK_MB_PER_SECOND: positive(DEFAULT_LIMITS.diskMbPerSecond),
  BELLHOP_WORKSPACE_RETENTION_HOURS: positive(30 * 24),
  ...poolSize(16),
});

async function start({ log, environment, signals }: ProcessContext): Promise<RunningProcess> {
  const env = readEnvironment(schema, environment);
  installTemporalLogger(log);
  const runner = env.BELLHOP_RUNNER;
  const database = openDatabase({
    url: env.BELLHOP_DATABASE_URL,
    name: 'runner',
    connections: env.BELLHOP_DATABASE_CONNECTIONS,
  });
  const proxy = createProxyControl({ socketPath: env.BELLHOP_PROXY_CONTROL });
  const engine = await connectEngine({ env: environment });
  const runtime = notingSandboxes(
    runner,
    log,
    createSandboxRuntime({
      engine,
      image: await bestImage(engine, sandboxToolsOf(environment)),
      installation: env.BELLHOP_INSTALLATION,
      runDir: env.BELLHOP_RUN_DIR,
      mirrors: await registryMirrors(environment),
      runtime: runtimeWishOf(environment),
      limits: {
        memoryMb: env.BELLHOP_SANDBOX_MEMORY_MB,
        cpus: env.BELLHOP_SANDBOX_CPUS,
        tmpMb: env.BELLHOP_SANDBOX_TMP_MB,
        workspaceMb: env.BELLHOP_SANDBOX_WORKSPACE_MB,
        diskMbPerSecond: env.BELLHOP_SANDBOX_DISK_MB_PER_SECOND,
      },
    }),
  );
  const lock = createKeyedLock();
  const stopping = new AbortController();
  const builds = new Set<Promise<void>>();
  const caBundle = () => readFile(env.BELLHOP_CA_BUNDLE, 'utf8');
  const temporal = temporalTarget(environment);
  const connection = await connectWorker(temporal, log);
  const client = new Client({ connection, namespace: temporal.namespace });
  const shared = {
    connection,
    namespace: temporal.namespace,
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: '5s',
  } as const;
  const capacity = env.BELLHOP_SANDBOXES;
  const roomDependencies = { runner, capacity, runtime, proxy, database, lock, log };
  const lacking = createReadiness({ hasImage: () => hasSandboxImage(engine), askProxy: () => proxy.listeners(), log });
  await correctRows({ runner, runtime, database, log });
  await endOldBuilds(proxy);
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: runnerQueue(runner),
      // Every session may run a long command, and the reads of one answer run side by side. Nobody waits for somebody else.
      maxConcurrentActivityTaskExecutions: 2 * capacity + 40,
      activities: createRunnerActivities({
        runner,
        runtime,
        proxy,
        database,
        lock,
        pacedStarts: createPacedStarts(Math.max(LEAST_STARTS, engine.info.cpus)),
        makeRoom: () => makeRoom(roomDependencies, 0),
        stopping: stopping.signal,
        builds,
        caBundle,
        gitAuthor: env.BELLHOP_SANDBOX_GIT_AUTHOR ?? null,
        workspaceMb: env.BELLHOP_SANDBOX_WORKSPACE_MB,
        workspaceFiles: env.BELLHOP_SANDBOX_WORKSPACE_FILES,
      }),
    }),
    // Two slots for each place: the stream of a turn that ends may outlive its place for a moment.
    Worker.create({
      ...shared,
      taskQueue: egressQueue(runner),
      activities: createEgressActivities({ proxy, database }),
      maxConcurrentActivityTaskExecutions: 2 * capacity + 10,
    }),
  ]);
  const lists = createListServers({ database, proxy, log, stopping: stopping.signal });
  const loops = [
    every(BEAT_EVERY_MS, 'beat', () => sayAlive(), log),
    every(BEAT_EVERY_MS, 'making room', () => makeRoom(roomDependencies, spareOf(capacity)), log),
    every(BEAT_EVERY_MS, 'asking MCP servers', () => lists.look(), log),
    every(FORGET_EVERY_MS, 'forgetting MCP servers', () => lists.forget(), log),
    // Somebody waits for a list at this moment. A wake-up that gets lost is made up for by the next beat.
    listenTo({
      ...{ url: env.BELLHOP_DATABASE_URL, name: 'runner-servers', channels: ['bellhop_servers'] },
      onNotify: (_channel, payload) =>
        void (payload === 'file' ? lists.look() : lists.lookAtPeople()).catch(() => undefined),
    }),
    every(REAP_EVERY_MS, 'reaper', () => reap(reaperDependencies()), log),
  ];
  checkDatabase(signals, database);
  checkTemporal(signals, connection);
  signals.check('proxy', async () => await proxy.health());
  signals.check('engine', async () => await hasSandboxImage(engine));
  tellSandboxes(signals, database, runner);
  const running = Promise.all(workers.map((worker) => worker.run()));

  async function sayAlive(): Promise<void> {
    const { runtime: name } = runtime.probeRuntime();
    const full = env.BELLHOP_SANDBOX_TOOLS === 'full' && (await hasSandboxImage(engine, 'full').catch(() => false));
    await beat(database, {
      id: runner,
      capacity,
      runtime: name,
      lacks: await lacking(),
      tools: full ? 'full' : 'base',
    });
  }

  function reaperDependencies() {
    const retentionHours = env.BELLHOP_WORKSPACE_RETENTION_HOURS;
    return { runner, runtime, proxy, client, database, lock, retentionHours, log };
  }

  return {
    failed: running,
    async stop() {
      for (const worker of workers) worker.shutdown();
      stopping.abort();
      await Promise.allSettled(builds);
      await Promise.all([running, ...loops.map((loop) => loop.stop())]);
      await lists.idle();
      await proxy.close();
      await connection.close();
      await database.end();
    },
  };
}

/** Ways out that a runner which was killed had opened for builds of environments. Without the proxy, there are none. */
async function endOldBuilds(proxy: Pick<ProxyControl, 'listeners' | 'removeListener'>): Promise<void> {
  const listeners = await proxy.listeners().catch(() => []);
  const old = listeners.filter(({ sandbox }) => sandbox.startsWith(BUILD_PREFIX));
  await Promise.all(old.map(({ sandbox }) => proxy.removeListener(sandbox).catch(() => undefined)));
}

await runProcess('runner', PORTS.runnerMetrics, start);
