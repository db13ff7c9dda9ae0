import Docker from 'dockerode';
import { findEngineAddress } from './engine-address.ts';
import { DockerError, engineError } from './errors.ts';

export interface EngineRuntime {
  readonly name: string;
  readonly args: readonly string[];
  /** A containerd shim: its options are in a file of the engine's machine, where we cannot read them. */
  readonly shim: boolean;
}

export interface EngineInfo {
  readonly address: string;
  readonly version: string;
  /** Highest version of the Engine API it speaks, such as `1.41`. */
  readonly apiVersion: string;
  readonly arch: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly storageDriver: string;
  readonly rootFolder: string;
  readonly defaultRuntime: string;
  readonly runtimes: readonly EngineRuntime[];
  /** The engine runs in a virtual machine (Docker Desktop and the like): sockets of this machine cannot be mounted. */
  readonly virtualMachine: boolean;
  /** Users of containers are other users on the machine: a rootless engine, or one with `userns-remap`. */
  readonly remapsUsers: boolean;
  readonly selinux: boolean;
}

export interface Engine {
  readonly docker: Docker;
  readonly info: EngineInfo;
}

export interface ConnectOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How long the engine may take to answer. @default 5000 */
  readonly timeoutMs?: number;
}

const MINIMUM_API = '1.40';

/** Connects to the Docker Engine and reads what it is. Fails with words that say what to do. */
export async function connectEngine({ env, timeoutMs = 5_000 }: ConnectOptions): Promise<Engine> {
  const address = findEngineAddress(env);
  const docker = new Docker(address.options);
  const [version, info] = await answerOf(docker, address.url, timeoutMs);
  if (info.OSType !== 'linux') {
    throw new DockerError('EngineUnsuitable', `the engine at ${address.url} runs ${info.OSType} containers, not Linux`);
  }
  if (compareVersions(version.ApiVersion, MINIMUM_API) < 0) {
    throw new DockerError(
      'EngineUnsuitable',
      `the engine at ${address.url} speaks API ${version.ApiVersion}; ${MINIMUM_API} (Docker 19.03) is the oldest that will do`,
    );
  }
  return { docker, info: describe(address.url, version, info) };
}

async function answerOf(docker: Docker, url: string, timeoutMs: number): Promise<[Docker.DockerVersion, RawInfo]> {
  const timer = Promise.withResolvers<never>();
  const timeout = setTimeout(
    () => timer.reject(new DockerError('EngineUnavailable', `no answer from ${url} within ${timeoutMs} ms`)),
    timeoutMs,
  );
  try {
    return await Promise.race([Promise.all([docker.version(), docker.info() as Promise<RawInfo>]), timer.promise]);
  } catch (error) {
    throw unreachable(url, error);
  } finally {
    clearTimeout(timeout);
  }
}

function unreachable(url: string, error: unknown): DockerError {
  const code = (error as { code?: unknown } | null)?.code;
  const fix: Record<string, string> = {
    ENOENT: 'there is no Docker Engine here; install one, or set DOCKER_HOST',
    ECONNREFUSED: 'the engine is not running; start it (systemctl start docker), or set DOCKER_HOST',
    EACCES: 'permission denied; run as root, or add this user to the group docker and log in again',
  };
  const words = typeof code === 'string' ? fix[code] : undefined;
  if (words) return new DockerError('EngineUnavailable', `no Docker Engine at ${url}: ${words}`, error);
  return engineError(`reach the Docker Engine at ${url}`, error);
}

/** The fields we read of `GET /info`; the client's own type lacks some. */
interface RawInfo {
  readonly OSType: string;
  readonly OperatingSystem: string;
  readonly Name: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly Driver: string;
  readonly DockerRootDir: string;
  readonly DefaultRuntime: string;
  readonly SecurityOptions?: readonly string[];
  readonly Runtimes?: Readonly<Record<string, RawRuntime>>;
}

interface RawRuntime {
  readonly path?: string;
  readonly runtimeArgs?: readonly string[] | null;
  readonly runtimeType?: string;
}

function describe(url: string, version: Docker.DockerVersion, info: RawInfo): EngineInfo {
  const runtimes = Object.entries(info.Runtimes ?? {}).map(([name, runtime]) => ({
    name,
    args: runtime.runtimeArgs ?? [],
    shim: runtime.runtimeType !== undefined || runtime.path === undefined,
  }));
  const has = (name: string) => (info.SecurityOptions ?? []).some((option) => option.includes(`name=${name}`));
  const inMachine = /docker desktop|rancher desktop|colima|lima/i.test(`${info.OperatingSystem} ${info.Name}`);
  return {
    address: url,
    version: version.Version,
    apiVersion: version.ApiVersion,
    arch: version.Arch,
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    storageDriver: info.Driver,
    rootFolder: info.DockerRootDir,
    defaultRuntime: info.DefaultRuntime,
    runtimes,
    virtualMachine: inMachine || process.platform !== 'linux',
    remapsUsers: has('rootless') || has('userns'),
    selinux: has('selinux'),
  };
}

/** Orders dotted numbers: negative when `a` is older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let i = 0; i < Math.max(left?.length ?? 0, right?.length ?? 0); i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
