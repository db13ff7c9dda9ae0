/** The Agent Proxy: the only way out of a sandbox, and the only process that can open credentials. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { keyFileIn, readKeyFile } from '../credentials/key-file.ts';
import { startProxy } from '../proxy/create-proxy.ts';
import { MAX_LOOKUPS, resolveBySystem } from '../proxy/dialer/resolve.ts';
import { NO_OPERATOR_FILE, readOperatorFile } from '../proxy/operator/operator-file.ts';
import { readOwnListeners } from '../proxy/operator/own-listeners.ts';
import { createProxyStore } from '../proxy/proxy-store.ts';
import { EVENTS_PER_TURN } from '../proxy/recording.ts';
import { PORTS } from '../setup/host/port-wishes.ts';
import { openDatabase } from '../store/database.ts';
import { listenTo } from '../store/notifications.ts';
import { poolSize, positive, readEnvironment } from './environment.ts';
import { type ProcessContext, type RunningProcess, runProcess } from './run-process.ts';
import { checkDatabase, tellEgress } from './signals/told.ts';

const DRAIN_MS = 10_000;
/** The proxy's queries are small. One that hangs has to give its connection back soon. */
const STATEMENT_MS = 5_000;
const MEBIBYTE = 1024 * 1024;

const schema = z.object({
  BELLHOP_DATABASE_URL: z.string().min(1),
  BELLHOP_HOME: z
    .string()
    .min(1)
    .default(path.join(import.meta.dirname, '..', '.bellhop')),
  BELLHOP_RUN_DIR: z.string().min(1),
  BELLHOP_PROXY_CONTROL: z.string().min(1),
  /** The private key, mode 0600. */
  BELLHOP_KEY_FILE: z.string().min(1).optional(),
  BELLHOP_OPERATOR_FILE: z.string().min(1).optional(),
  /** Listeners of Bellhop's own, `address:port` with commas between them: no sandbox reaches them. */
  BELLHOP_OWN_LISTENERS: z.string().default(''),
  /** Where the sandboxes' CA bundle is written. */
  BELLHOP_CA_BUNDLE: z.string().min(1).optional(),
  BELLHOP_SPOOL_DIR: z.string().min(1).optional(),
  BELLHOP_SPOOL_MB: positive(256),
  BELLHOP_EVENTS_PER_TURN: positive(EVENTS_PER_TURN),
  ...poolSize(8),
});

async function start({ log, environment, signals }: ProcessContext): Promise<RunningProcess> {
  process.umask(0o077);
  keepMemoryOutOfCoreDumps();
  // libuv reads it when its first thread starts. Half of the threads look names up; the others read certificates and files.
  process.env.UV_THREADPOOL_SIZE ??= String(2 * MAX_LOOKUPS);
  const env = readEnvironment(schema, environment);
  const operator = env.BELLHOP_OPERATOR_FILE ? readOperatorFile(env.BELLHOP_OPERATOR_FILE) : NO_OPERATOR_FILE;
  const keys = await readKeyFile(env.BELLHOP_KEY_FILE ?? keyFileIn(env.BELLHOP_HOME));
  const database = openDatabase({
    url: env.BELLHOP_DATABASE_URL,
    name: 'proxy',
    statementMs: STATEMENT_MS,
    connections: env.BELLHOP_DATABASE_CONNECTIONS,
  });

  const countEvent = tellEgress(signals, () => proxy.health());
  const proxy = await startProxy({
    store: createProxyStore(database),
    keys,
    operator,
    own: readOwnListeners(env.BELLHOP_OWN_LISTENERS),
    controlSocket: env.BELLHOP_PROXY_CONTROL,
    runDir: env.BELLHOP_RUN_DIR,
    stateDir: path.join(env.BELLHOP_HOME, 'proxy'),
    spoolDir: env.BELLHOP_SPOOL_DIR ?? path.join(env.BELLHOP_HOME, 'spool'),
    spoolMaxBytes: env.BELLHOP_SPOOL_MB * MEBIBYTE,
    eventsPerTurn: env.BELLHOP_EVENTS_PER_TURN,
    bundleFile: env.BELLHOP_CA_BUNDLE ?? null,
    clock: { now: () => performance.now() },
    resolve: resolveBySystem,
    onEvent: countEvent,
    log,
    // Only the name and the message of an error are logged. Its other fields may quote a request.
    onError: (error, what) =>
      log.warn({ cause: error instanceof Error ? `${error.name}: ${error.message}` : null }, what),
  });
  checkDatabase(signals, database);
  const notifications = listenTo({
    url: env.BELLHOP_DATABASE_URL,
    name: 'proxy',
    channels: ['bellhop_policy', 'bellhop_people'],
    onNotify: (channel) => {
      if (channel === 'bellhop_people') proxy.servePeople();
      else void proxy.refreshPolicy();
    },
  });
  return {
    async stop() {
      await Promise.all([notifications.stop(), proxy.stop(DRAIN_MS)]);
      await database.end();
    },
  };
}

/** core(5): nothing of this process's memory goes into a core dump. Only Linux has the file. */
function keepMemoryOutOfCoreDumps(): void {
  try {
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch {
    // On other systems the process has the limits of its parent.
  }
}

await runProcess('proxy', PORTS.proxyMetrics, start);
