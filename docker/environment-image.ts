import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { Environment } from '../contracts/environments.ts';
import type { RegistryMirrors } from '../contracts/registries.ts';
import { PUBLIC_MIRRORS, sourcesList } from './apt-sources.ts';
import { SECCOMP_PROFILE } from './container-spec.ts';
import { checkDiskRoom } from './disk-room.ts';
import { runDockerfile } from './dockerfile-build.ts';
import type { Engine } from './engine.ts';
import { hasImage } from './engine-images.ts';
import { BUILD_SCRIPT } from './environment-script.ts';
import { withFileLock } from './file-lock.ts';
import { buildLayer } from './layer-build.ts';
import { bringPrograms, checkOwnImage, findOwnImage, type OwnImage, pullOwnImage } from './own-image.ts';
import { registryClients } from './registry-clients.ts';
import type { EnvironmentImage } from './sandbox.ts';
import { INSIDE, sandboxEnvironment } from './sandbox-environment.ts';

/** On the images of environments. Containers of them have it too; nothing looks for containers by it. */
export const ENVIRONMENT_LABEL = 'bellhop.environment';
const REPOSITORY = 'bellhop-environment';
/** For apt in the steps of a Dockerfile; the script gives the same to its own (environment-script.ts). It is gone before the layer is made. */
const APT_CONF = `APT::Sandbox::User "root";
Acquire::http::Proxy "${INSIDE.proxy}";
Acquire::https::Proxy "${INSIDE.proxy}";
Acquire::https::CaInfo "${INSIDE.caBundle}";
`;
/** The changes of most scripts, twice: in the container, and as the layer. */
const ROOM_MB = 2_000;
const MB = 1024 * 1024;

export interface EnvironmentBuild {
  readonly engine: Engine;
  readonly environment: Environment;
  /** The sandbox image below. */
  readonly base: string;
  /** A sandbox's folder with the proxy's socket and the certificates; see `prepareFolder`. It is the script's only way out. */
  readonly folder: string;
  /** Fills the folder before the container begins. */
  readonly prepare: () => Promise<void>;
  readonly mirrors: RegistryMirrors;
  readonly memoryMb: number;
  readonly cpus: number;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * The image of an environment. It changes with everything that the script is given: the sandbox image, the content of the team's own
 * image, the steps of a Dockerfile with their files, the packages, the variables and its own text. Resources and registries are no part of what it makes.
 *
 * @param own null: the environment names no image, or one that the engine does not have yet
 */
export function environmentImageName(environment: Environment, base: string, own: OwnImage | null): string {
  const { packages, setup, variables, dockerfile } = environment;
  const ordered = Object.entries(variables).sort(([a], [b]) => (a < b ? -1 : 1));
  const hash = createHash('sha256').update(
    JSON.stringify([
      ...[BUILD_SCRIPT, base, packages, setup, ordered, own?.id ?? environment.image ?? null],
      ...(dockerfile ? [dockerfile.steps, dockerfile.files] : []),
    ]),
  );
  return `${REPOSITORY}:${hash.digest('hex').slice(0, 16)}`;
}

/**
 * Which image a sandbox of this environment gets now. While the larger sandbox image replaces the base, an image upon the base goes
 * on being used until the new one is built.
 *
 * @param bases sandbox images upon which there may be one, `base` among them
 */
export async function environmentImageOf(
  engine: Engine,
  environment: Environment,
  base: string,
  bases: readonly string[],
): Promise<EnvironmentImage> {
  if (!needsImage(environment)) {
    return { environment, image: base, path: null, ready: true, missing: null, base, accepted: bases };
  }
  const own = environment.image === undefined ? null : await findOwnImage(engine, environment.image);
  const wanted = environmentImageName(environment, base, own);
  const accepted = [
    wanted,
    ...bases.filter((each) => each !== base).map((each) => environmentImageName(environment, each, own)),
  ];
  const there: string[] = [];
  for (const name of accepted) if (await hasImage(engine, name)) there.push(name);
  const missing = there.includes(wanted) ? null : wanted;
  // A Dockerfile may have said another PATH than its image.
  const [made] = environment.dockerfile === undefined ? [] : there;
  const path = (made === undefined ? own : await findOwnImage(engine, made))?.path ?? null;
  return { environment, image: there[0] ?? wanted, path, ready: there.length > 0, missing, base, accepted };
}

/** How many images of environments are kept beside those that containers use. A build of one takes minutes, and room of some 100 MB. */
const KEPT = 20;

/** Removes the oldest images of environments. The engine itself refuses to remove one that a container uses. */
export async function pruneEnvironments({ docker }: Engine, newest: string): Promise<void> {
  const images = await docker.listImages({ filters: { reference: [REPOSITORY] } });
  const old = images.sort((a, b) => b.Created - a.Created).slice(KEPT);
  const names = old.flatMap(({ RepoTags }) => RepoTags ?? []).filter((name) => name !== newest);
  for (const name of names) {
    await docker
      .getImage(name)
      .remove()
      .catch(() => {});
  }
}

/** Whether an environment is more than variables and limits, so that an image of its own is needed. */
export function needsImage({ image, packages, setup }: Environment): boolean {
  return image !== undefined || packages.length > 0 || setup.trim() !== '';
}

/**
 * Installs an environment's packages and runs its script, once, as root in a container of its own without a network: the sandbox's
 * relay is started in it, so whatever it fetches goes through the proxy under the lease of the folder's socket. It runs under runc
 * whatever sandboxes run under. No credential is attached, because the lease's scope has registries alone.
 *
 * An image of the team's own is pulled first, where the engine does not have it. The rest is done upon it, and Bellhop's own programs are
 * added to it.
 *
 * The caller has opened the lease, and closes it. Processes that build the same at the same time wait for one another.
 *
 * @throws DockerError `ImageBuildFailed` with the last lines and the exit code, `ImagePullFailed`, `ImageUnsuitable`, `DiskFull`
 */
export async function buildEnvironment(build: EnvironmentBuild): Promise<void> {
  const { engine, environment, base, signal } = build;
  const own = await ownImage(build);
  const tag = environmentImageName(environment, base, own);
  const locks = join(homedir(), '.cache/bellhop');
  await mkdir(locks, { recursive: true });
  await withFileLock(join(locks, `${tag.replace(':', '-')}.lock`), signal, async () => {
    if (await hasImage(engine, tag)) return;
    await checkDiskRoom(engine, ROOM_MB);
    await build.prepare();
    const files = await mkdtemp(join(tmpdir(), 'bellhop-environment-'));
    try {
      await writeBuildFiles(files, build);
      await buildLayer(engine, {
        ...(await below(build, own)),
        ...between(build, own),
        tag,
        files,
        command: ['/bin/sh', '/build/run.sh'],
        network: 'none',
        labels: { [ENVIRONMENT_LABEL]: environment.name },
        host: await hostConfig(build),
        onLine: build.onLine,
        signal,
      });
    } finally {
      await rm(files, { recursive: true, force: true });
    }
  });
}

async function ownImage({
  engine,
  environment: { image },
  onLine,
  signal,
}: EnvironmentBuild): Promise<OwnImage | null> {
  if (image === undefined) return null;
  const found = await findOwnImage(engine, image);
  if (!found) onLine(`bellhop: pulling the image ${image}`);
  const own = found ?? (await pullOwnImage(engine, image, signal));
  onLine(`bellhop: checking the image ${image}`);
  await checkOwnImage(engine, image);
  return own;
}

/** What the layer lies upon. A tag may move meanwhile, so the image is named by its content. */
async function below({ engine, environment, base }: EnvironmentBuild, own: OwnImage | null) {
  if (own === null) return { from: base };
  const programs = { reference: environment.image ?? own.id, sandboxImage: base };
  return {
    from: own.id,
    startsLike: base,
    furnish: async (container: Docker.Container) => await bringPrograms(engine, container, programs),
  };
}

/** The steps of a Dockerfile. */
function between({ engine, environment, mirrors, onLine, signal }: EnvironmentBuild, own: OwnImage | null) {
  const { dockerfile } = environment;
  if (dockerfile === undefined || own === null) return {};
  const wayOut = {
    ...environment.variables,
    ...registryClients(mirrors).variables,
    ...sandboxEnvironment(),
    APT_CONFIG: '/build/apt.conf',
    DEBIAN_FRONTEND: 'noninteractive',
  };
  const run = { engine, dockerfile, image: own.id, wayOut, onLine, signal };
  return { between: async (container: Docker.Container) => await runDockerfile(container, run) };
}

async function hostConfig({ engine, folder, memoryMb, cpus }: EnvironmentBuild): Promise<Docker.HostConfig> {
  const memory = memoryMb * MB;
  const seccomp = await readFile(SECCOMP_PROFILE, 'utf8');
  return {
    Mounts: [{ Type: 'bind', Source: folder, Target: INSIDE.folder, ReadOnly: true }],
    LogConfig: { Type: 'none', Config: {} },
    CapDrop: ['ALL'],
    // What dpkg, and package managers that run as root, do to files and users; nothing of the network or of devices.
    CapAdd: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETFCAP', 'SYS_CHROOT'],
    SecurityOpt: ['no-new-privileges', `seccomp=${seccomp}`, ...(engine.info.selinux ? ['label=disable'] : [])],
    Memory: memory,
    MemorySwap: memory,
    NanoCpus: Math.round(Math.min(cpus, engine.info.cpus) * 1e9),
    PidsLimit: 1_024,
  };
}

/** The image keeps nothing of it: whatever it needs, a sandbox is given when it starts. */
async function writeBuildFiles(files: string, { environment, mirrors }: EnvironmentBuild): Promise<void> {
  const clients = registryClients(mirrors);
  const variables = { ...environment.variables, ...clients.variables, ...sandboxEnvironment() };
  const lines = Object.entries(variables).map(
    ([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`,
  );
  const debian = mirrors.debian?.url ?? PUBLIC_MIRRORS.archive;
  const security = mirrors.debian?.url ? (mirrors.debian.also[0] ?? null) : PUBLIC_MIRRORS.security;
  await mkdir(join(files, 'apt'));
  await writeFile(join(files, 'environment'), lines.join(''));
  await writeFile(join(files, 'packages'), environment.packages.map((name) => `${name}\n`).join(''));
  await writeFile(join(files, 'setup'), environment.setup);
  await writeFile(join(files, 'apt/sources.list'), sourcesList({ archive: debian, security }));
  if (environment.dockerfile !== undefined) {
    await writeFile(join(files, 'dockerfile'), '');
    await writeFile(join(files, 'apt.conf'), APT_CONF);
  }
  await writeFile(join(files, 'run.sh'), BUILD_SCRIPT);
}
