import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { connectEngine } from '../../docker/engine.ts';
import { openHome } from '../../setup/host/home.ts';
import { createPortChooser } from '../../setup/host/ports.ts';
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
import { onInterruption } from './interruption.ts';
import { filesLeftIn, makeRunFolder } from './run-folder.ts';
import { sweepDeadRuns } from './sweep-dead-runs.ts';
import { sweepEngine } from './sweep-engine.ts';
import { sweepProcesses } from './sweep-processes.ts';

/** A test database lives for seconds; a crash of the machine may take it. */
const FAST_POSTGRES = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'max_connections=400'];

/**
 * Starts what tests run on, calls `work` with the environment that says where it is, and takes it all down, after an interruption too.
 * @returns what `work` itself has left behind, now removed; empty when it is as it should be
 */
export async function withStage(
  tell: (line: string) => void,
  work: (environment: NodeJS.ProcessEnv, signal: AbortSignal) => Promise<void>,
  postgresSettings: readonly string[] = FAST_POSTGRES,
): Promise<string[]> {
  const { signal, rejection } = onInterruption();
  const hermetic = hermeticEnvironment(process.env);
  const folder = await makeRunFolder();
  const environment = { ...hermetic, TMPDIR: folder.ofServices };
  const home = await openHome(path.join(folder.path, 'home'));
  const supervisor = createSupervisor({ logs: home.logs, children: home.children, onChange: () => {}, log: () => {} });
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
    signal,
  });
  const page = await createPageServices(home.pageServices);
  const settings = readSettings(environment);
  const ports = createPortChooser(environment);
  const context = { home, settings, environment, ports, supervisor, journal, page, postgresSettings, signal, tell };
  const left: string[] = [];
  try {
    await mkdir(home.children, { recursive: true });
    const [database, temporal] = await Promise.race([
      Promise.all([startPostgres(context), startTemporal(context), startDockerEngine(context)]),
      rejection,
    ]);
    await sweepDeadRuns(await connectEngine({ env: environment }), tell);
    const cli = await findTemporalBinary({ environment, say: () => {}, signal });
    await Promise.race([buildImage(context), rejection]);
    tell('');
    await work(
      {
        ...environment,
        TMPDIR: folder.ofTests,
        BELLHOP_TEST_DATABASE_URL: database.owner,
        BELLHOP_TEST_TEMPORAL_ADDRESS: temporal.address,
        BELLHOP_TEST_TEMPORAL_CLI: cli.path,
      },
      signal,
    );
    signal.throwIfAborted();
  } finally {
    left.push(...(await sweepProcesses(folder.ofTests)));
    const engine = await connectEngine({ env: environment }).catch(() => undefined);
    if (engine) left.push(...(await sweepEngine(engine, folder.ofTests)));
    left.push(...(await filesLeftIn(folder)));
    await supervisor.stopAll();
    left.push(...(await sweepProcesses(folder.path)));
    await rm(folder.path, { recursive: true, force: true });
    await rm(home.installation.dataFolder, { recursive: true, force: true });
  }
  return left;
}
