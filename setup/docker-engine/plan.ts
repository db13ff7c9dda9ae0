import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { onPath } from '../host/on-path.ts';

/** What can be done about a Docker Engine that does not answer. */
export type EnginePlan =
  | { readonly kind: 'install'; readonly system: string }
  | { readonly kind: 'start-service' }
  | { readonly kind: 'start-daemon' }
  /** Nothing by us: the command a person runs. */
  | { readonly kind: 'ask'; readonly command: string };

const JOIN_GROUP = 'sudo usermod -aG docker "$USER"   (then log in again)';

/** What to do when an engine did not answer for this reason. */
export async function planAfter(reason: string, environment: NodeJS.ProcessEnv): Promise<EnginePlan> {
  if (environment.DOCKER_HOST) {
    return { kind: 'ask', command: 'correct DOCKER_HOST, or unset it to use the default socket' };
  }
  if (reason.includes('permission denied')) return { kind: 'ask', command: JOIN_GROUP };
  return planForEngine(await surveyMachine(environment));
}

/** The facts that decide. `surveyMachine` collects them. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly root: boolean;
  /** `ID` and `ID_LIKE` of os-release(5). */
  readonly families: readonly string[];
  readonly systemName: string;
  readonly daemonInstalled: boolean;
  /** systemd runs this machine, rather than being installed on it. */
  readonly systemd: boolean;
}

/** Installs and starts only as root on Debian and systems made from it, because there one package is enough. */
export function planForEngine(machine: Machine): EnginePlan {
  const debian = machine.families.some((family) => family === 'debian' || family === 'ubuntu');
  if (machine.platform === 'darwin') {
    return { kind: 'ask', command: 'brew install colima docker && colima start   (or install Docker Desktop)' };
  }
  if (machine.platform !== 'linux') return { kind: 'ask', command: 'see https://docs.docker.com/engine/install/' };
  if (machine.root && machine.daemonInstalled) return { kind: machine.systemd ? 'start-service' : 'start-daemon' };
  if (machine.root && debian) return { kind: 'install', system: machine.systemName };
  if (machine.daemonInstalled) {
    return {
      kind: 'ask',
      command: `sudo systemctl start docker && ${JOIN_GROUP}`,
    };
  }
  if (debian) {
    return { kind: 'ask', command: `sudo apt-get install -y docker.io && ${JOIN_GROUP}` };
  }
  return { kind: 'ask', command: 'see https://docs.docker.com/engine/install/' };
}

/** Looks at what decides how a Docker Engine can be had on this machine. Changes nothing. */
export async function surveyMachine(environment: NodeJS.ProcessEnv): Promise<Machine> {
  const release = parseOsRelease(await readFile('/etc/os-release', 'utf8').catch(() => ''));
  return {
    platform: process.platform,
    root: process.getuid?.() === 0,
    families: `${release.get('ID') ?? ''} ${release.get('ID_LIKE') ?? ''}`.split(' ').filter(Boolean),
    systemName: release.get('PRETTY_NAME') ?? 'this system',
    // A user's PATH often lacks the folders of daemons.
    daemonInstalled: await onPath('dockerd', { PATH: `${environment.PATH}:/usr/sbin:/usr/local/sbin` }).then(
      () => true,
      () => false,
    ),
    systemd: existsSync('/run/systemd/system'),
  };
}

/** os-release(5): shell assignments without expansion. */
export function parseOsRelease(text: string): Map<string, string> {
  const entries = [...text.matchAll(/^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(\S*))$/gm)];
  return new Map(entries.map(([, name, double, single, bare]) => [name ?? '', double ?? single ?? bare ?? '']));
}
