import { setTimeout as sleep } from 'node:timers/promises';
import { connectEngine, type EngineInfo } from '../../docker/engine.ts';
import { reasonOf, SetupError } from '../errors.ts';
import { requireCommand, runCommand } from '../host/run-command.ts';
import { planAfter, planForEngine, surveyMachine } from './plan.ts';

/** The kernel's default path; an engine that we start listens there. */
const SOCKET = '/var/run/docker.sock';
const SERVICE_MS = 30_000;
const INSTALL_MS = 600_000;

export interface EngineOptions {
  readonly environment: NodeJS.ProcessEnv;
  readonly say: (detail: string) => void;
  /** Whether an engine may be installed on a machine without one. */
  readonly mayInstall: boolean;
  /** Aborted when somebody asks to stop. */
  readonly signal: AbortSignal;
  /** Asks a person; without a terminal it says what is done and answers yes. */
  readonly confirm: (question: string) => Promise<boolean>;
  /** Starts `dockerd` tied to our own life, and resolves when `probe` does. */
  readonly startDaemon: (
    command: string,
    args: readonly string[],
    probe: (signal: AbortSignal) => Promise<void>,
  ) => Promise<void>;
}

export interface ProvidedEngine {
  readonly info: EngineInfo;
  /** A sentence about where the engine came from. */
  readonly origin: string;
}

/** Finds the Docker Engine, or installs and starts one where that is safe to do. Its configuration is never touched. */
export async function provideEngine(options: EngineOptions): Promise<ProvidedEngine> {
  const { environment, say, confirm, signal } = options;
  const found = await probe(environment).catch((error: unknown) => ({ reason: reasonOf(error) }));
  if (!('reason' in found)) return { info: found, origin: 'already running' };
  let plan = await planAfter(found.reason, environment);
  if (plan.kind === 'ask') throw new SetupError('docker-unavailable', found.reason, plan.command);
  if (plan.kind === 'install' && !options.mayInstall) {
    throw new SetupError('docker-unavailable', found.reason, 'install and start the Docker Engine again');
  }
  const what =
    plan.kind === 'install' ? `install the package docker.io of ${plan.system} and start it` : 'start Docker Engine';
  if (!(await confirm(`Bellhop needs Docker Engine. Shall I ${what}?`))) {
    throw new SetupError('docker-unavailable', found.reason, 'start a Docker Engine, or set DOCKER_HOST to one');
  }
  if (plan.kind === 'install') {
    await installPackage(say, signal);
    // Its installation may have started it as a service.
    const started = await eventually(environment, 5_000, signal);
    if (started) return { info: started, origin: 'installed now (package docker.io), running as a service' };
    plan = planForEngine(await surveyMachine(environment));
  }
  if (plan.kind === 'start-service') {
    say('starting the service docker');
    await requireCommand('docker-unavailable', 'journalctl -u docker', 'systemctl', ['start', 'docker'], { signal });
    const started = await eventually(environment, SERVICE_MS, signal);
    if (started) return { info: started, origin: 'service started now; it goes on running when Bellhop stops' };
    throw new SetupError('docker-unavailable', 'the service docker does not answer', 'journalctl -u docker');
  }
  say('starting dockerd');
  await options.startDaemon('dockerd', [], async (waiting) => await probeUntil(environment, waiting));
  return { info: await probe(environment), origin: `started by Bellhop at ${SOCKET}; it stops with Bellhop` };
}

async function installPackage(say: (detail: string) => void, signal: AbortSignal): Promise<void> {
  const options = { env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: INSTALL_MS, signal };
  const byHand = 'apt-get update && apt-get install -y docker.io';
  // An installation that was stopped half-way is finished first. apt-get itself would ask for this.
  await runCommand('dpkg', ['--configure', '-a'], options).catch((error: unknown) => say(reasonOf(error)));
  say('apt-get update');
  await runCommand('apt-get', ['update', '-qq'], options).catch((error: unknown) => {
    // An old list of packages is often good enough. If it is not, the installation fails and says so.
    say(reasonOf(error));
  });
  say('apt-get install docker.io');
  const packages = ['docker.io', 'iptables', 'ca-certificates'];
  const args = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  await requireCommand('docker-unavailable', byHand, 'apt-get', args, options);
}

async function probe(environment: NodeJS.ProcessEnv): Promise<EngineInfo> {
  return (await connectEngine({ env: environment })).info;
}

async function probeUntil(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && !(await eventually(environment, 1_000, signal)));
}

async function eventually(
  environment: NodeJS.ProcessEnv,
  ms: number,
  signal: AbortSignal,
): Promise<EngineInfo | undefined> {
  const end = Date.now() + ms;
  do {
    const info = await probe(environment).catch(() => undefined);
    if (info) return info;
    await sleep(200);
  } while (Date.now() < end && !signal.aborted);
  return undefined;
}
