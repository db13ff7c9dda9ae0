import { mkdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openHome } from '../../setup/host/home.ts';
import { readSettings } from '../../setup/settings.ts';
import { findTemporalBinary } from '../../setup/temporal/binary.ts';
import { createJournal } from '../../workers/up/journal.ts';
import { createPageServices } from '../../workers/up/page-services.ts';
import { stepLine } from '../../workers/up/report.ts';
import { startDockerEngine } from '../../workers/up/services/docker-engine.ts';
import { buildImage } from '../../workers/up/services/image.ts';
import { startPostgres } from '../../workers/up/services/postgres.ts';
import { startTemporal } from '../../workers/up/services/temporal.ts';
import { STEPS } from '../../workers/up/steps.ts';
import { createSupervisor } from '../../workers/up/supervisor.ts';
import { hermeticEnvironment } from './hermetic-environment.ts';

/** A test database lives for seconds; a crash of the machine may take it. */
const FAST_POSTGRES = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=400'];

/** Starts what tests run on, calls `work` with the environment that says where it is, and takes it all down. */
export async function withStage(
  tell: (line: string) => void,
  work: (environment: NodeJS.ProcessEnv) => Promise<void>,
  postgresSettings: readonly string[] = FAST_POSTGRES,
): Promise<void> {
  const environment = hermeticEnvironment(process.env);
  // Not a private temporary folder: the database's user passes through it.
  const folder = path.join(os.tmpdir(), `bellhop-test-${process.pid}`);
  await mkdir(folder, { mode: 0o711 });
  const home = await openHome(path.join(folder, 'home'));
  const supervisor = createSupervisor({ logs: home.logs, children: home.children, onChange: () => {}, log: () => {} });
  const stopping = new AbortController();
  const journal = createJournal({
    initial: {
      installation: home.installation.id,
      pid: process.pid,
      startedAt: new Date().toISOString(),
      control: '',
      addresses: {},
      simulated: { slack: true, model: true },
    },
    steps: STEPS,
    processes: supervisor.view,
    onChange: () => {},
    onStep: (step) => tell(stepLine(step)),
    now: () => new Date(),
    signal: stopping.signal,
  });
  const page = await createPageServices(home.pageServices);
  const settings = readSettings(environment);
  const { signal } = stopping;
  const context = { home, settings, environment, supervisor, journal, page, postgresSettings, signal, tell };
  const interrupted = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const)
      process.once(signal, () => reject(new Error(`stopped by ${signal}`)));
  });
  try {
    await mkdir(home.children, { recursive: true });
    const [database, temporal] = await Promise.race([
      Promise.all([startPostgres(context), startTemporal(context), startDockerEngine(context)]),
      interrupted,
    ]);
    const cli = await findTemporalBinary({ environment, say: () => {}, signal });
    await Promise.race([buildImage(context), interrupted]);
    tell('');
    await Promise.race([
      work({
        ...environment,
        BELLHOP_TEST_DATABASE_URL: database.owner,
        BELLHOP_TEST_TEMPORAL_ADDRESS: temporal.address,
        BELLHOP_TEST_TEMPORAL_CLI: cli.path,
      }),
      interrupted,
    ]);
  } finally {
    stopping.abort();
    await supervisor.stopAll();
    await rm(folder, { recursive: true, force: true });
    await rm(home.installation.dataFolder, { recursive: true, force: true });
  }
}
