import { readFile } from 'node:fs/promises';
import type { SetupState } from '../../contracts/setup-state.ts';
import { reasonOf } from '../errors.ts';
import type { Home } from '../host/home.ts';
import { PORTS } from '../host/port-wishes.ts';
import { holderOfUpLock } from '../host/up-lock.ts';
import type { Settings } from '../settings.ts';
import { namesExternalTemporal } from '../temporal/external.ts';
import { checkModel, checkSlack } from './account-checks.ts';
import { checkEngine } from './engine-checks.ts';
import type { Check, Finding } from './finding.ts';
import { checkKeyFiles } from './key-check.ts';
import { checkDisk, checkHome, checkMemory, checkNode } from './machine-checks.ts';
import { checkPorts } from './port-checks.ts';
import { checkPostgres } from './postgres-check.ts';
import { checkTemporal } from './temporal-check.ts';
import { checkPython, checkTools } from './tool-checks.ts';

export interface DoctorOptions {
  readonly home: Home;
  readonly settings: Settings;
  readonly environment: NodeJS.ProcessEnv;
}

/** Looks at everything that this machine needs, and changes nothing. The checks run side by side; their order is for the reader. */
export async function runDoctor({ home, settings, environment }: DoctorOptions): Promise<Finding[]> {
  const holder = await holderOfUpLock(home.lock);
  const running = holder !== undefined;
  const state = running ? await readState(home) : undefined;
  const checks: readonly Check[] = [
    async () => checkNode(),
    async () => await checkTools(environment),
    async () => await checkPython(environment),
    async () => await checkDisk(home),
    async () => checkMemory(),
    async () => checkHome(home),
    async () => (running ? portsInUse(state) : await checkPorts(portsOf(settings, environment), environment)),
    async () => await checkPostgres(home, settings, running),
    async () => await checkTemporal(environment, state),
    async () => await checkEngine(environment, home.installation.id, state?.tools),
    async () => await checkKeyFiles(home),
    async () => await checkSlack(settings),
    async () => await checkModel(settings),
    async () => checkRunning(holder?.pid, state),
  ];
  const findings = await Promise.all(
    checks.map(async (check) => await check().catch((error: unknown) => ({ ...FAILED, detail: reasonOf(error) }))),
  );
  return findings.flat();
}

const FAILED = { id: 'check', title: 'A check', state: 'missing' } as const;

/** Only the ports of what will run here. */
function portsOf(settings: Settings, environment: NodeJS.ProcessEnv) {
  const temporal = namesExternalTemporal(environment) ? [] : [PORTS.temporal, PORTS.temporalUi];
  return [
    PORTS.page,
    PORTS.upMetrics,
    PORTS.gatewayMetrics,
    PORTS.agentMetrics,
    PORTS.runnerMetrics,
    PORTS.proxyMetrics,
    ...temporal,
    ...(settings.databaseUrl ? [] : [PORTS.postgres]),
    ...(settings.slack ? [] : [PORTS.slack, PORTS.world]),
    ...(settings.model ? [] : [PORTS.model]),
  ];
}

/** A running Bellhop may have other ports than the usual ones, because those are somebody else's. */
function portsInUse(state: SetupState | undefined): Finding {
  const { page, temporal, temporalUi } = state?.addresses ?? {};
  const known = [page && `page ${page}`, temporal && `Temporal ${temporal}`, temporalUi && `its UI ${temporalUi}`];
  const detail = ['Bellhop is running', ...known.filter(Boolean)].join('; ');
  return { id: 'ports', title: 'Ports', state: 'ok', detail };
}

function checkRunning(pid: number | undefined, state: SetupState | undefined): Finding {
  const finding = { id: 'running', title: 'Processes' } as const;
  if (pid === undefined) return { ...finding, state: 'later', detail: 'not running; ./bellhop up starts it' };
  const lame = state?.processes.filter((each) => each.state !== 'running') ?? [];
  const detail = `running (process ${pid}), page at ${state?.addresses.page ?? 'no address'}`;
  if (lame.length === 0) return { ...finding, state: 'ok', detail };
  const names = lame.map((each) => `${each.name} is ${each.state}`).join(', ');
  return { ...finding, state: 'warn', detail: `${detail}; ${names}`, fix: 'read the logs of the named processes' };
}

async function readState(home: Home): Promise<SetupState | undefined> {
  const text = await readFile(home.setupState, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as SetupState);
}
