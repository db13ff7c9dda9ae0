import { openSync } from 'node:fs';
import path from 'node:path';
import { homeFolder, openHome } from '../../setup/host/home.ts';
import { createPortChooser } from '../../setup/host/ports.ts';
import { takeUpLock } from '../../setup/host/up-lock.ts';
import { readSettings } from '../../setup/settings.ts';
import { fileStream } from '../signals/log-stream.ts';
import { createProcessLog } from '../signals/process-log.ts';
import { serveControl } from './control.ts';
import { createJournal } from './journal.ts';
import { stopLeftovers } from './leftovers.ts';
import { chooseMetricsPorts } from './metrics-ports.ts';
import { serveOwnSignals } from './own-signals.ts';
import { createPageServices } from './page-services.ts';
import { stepLine } from './report.ts';
import { runningPage } from './running-page.ts';
import { startEverything } from './start-everything.ts';
import { createStateFile } from './state-file.ts';
import { STEPS } from './steps.ts';
import { untilAskedToStop } from './stop-request.ts';
import { createSupervisor } from './supervisor.ts';

/**
 * Starts everything in order, keeps it running until somebody asks to stop, and stops it in the opposite order.
 *
 * @throws when a step fails that the others need; what had been started is stopped then
 */
export async function runUp(environment: NodeJS.ProcessEnv, tell: (line: string) => void): Promise<void> {
  const settings = readSettings(environment);
  const home = await openHome(homeFolder(environment));
  await using _lock = await takeUpLock(home.lock, await runningPage(home));
  const { log } = createProcessLog('up', { stream: fileStream(openSync(path.join(home.logs, 'up.log'), 'a', 0o600)) });

  const left = await stopLeftovers(home.children);
  if (left.length > 0) tell(`Stopped what the last run had left: ${left.join(', ')}`);

  const ports = createPortChooser(environment);
  const metrics = await chooseMetricsPorts(ports, environment);
  const supervisor = createSupervisor({
    logs: home.logs,
    children: home.children,
    onChange: () => journal.changed(),
    log: (event, fields) => log.warn(fields, event),
  });
  const stateFile = createStateFile(home.setupState, (error) =>
    log.error({ err: error }, 'setup.json was not written'),
  );
  const stopping = new AbortController();
  const control = path.join(home.installation.runFolder, 'up.sock');
  const journal = createJournal({
    initial: {
      installation: home.installation.id,
      pid: process.pid,
      startedAt: new Date().toISOString(),
      control,
      addresses: {},
      simulated: { slack: !settings.slack, model: !settings.model },
    },
    steps: STEPS,
    processes: supervisor.view,
    onChange: stateFile.write,
    onStep: (step) => {
      log.info(step, 'step');
      tell(stepLine(step));
    },
    now: () => new Date(),
    signal: stopping.signal,
  });
  await using _control = await serveControl({ path: control, state: journal.state, kill: supervisor.kill });

  const page = await createPageServices(home.pageServices);
  const stop = untilAskedToStop();
  await using _signals = serveOwnSignals(metrics.up.address, supervisor, log);
  const starting = startEverything(
    {
      home,
      settings,
      environment,
      ports,
      supervisor,
      journal,
      page,
      postgresSettings: [],
      signal: stopping.signal,
      tell,
    },
    metrics,
  );
  try {
    // A Ctrl-C counts in the middle of the set-up, too. What is being started is then stopped with the rest.
    await Promise.race([starting, stop.asked]);
    await stop.asked;
    tell('Stopping …');
  } finally {
    stopping.abort();
    await supervisor.stopAll();
    await Promise.allSettled([starting]);
    journal.changed();
    await stateFile.settled();
    stop.release();
  }
  tell('Stopped.');
}
