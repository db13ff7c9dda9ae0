import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import type { Engine } from './engine.ts';
import { DockerError, engineError, statusOf } from './errors.ts';
import { linesOf } from './lines-of.ts';

export interface LayerBuild {
  /** The image that the layer lies upon. */
  readonly from: string;
  /** `name:tag` of the image that comes of it. */
  readonly tag: string;
  /** A folder whose content the script finds in /build. It is no part of the image. */
  readonly files: string;
  /** Puts further things into /build before the command is run. It throws where the image cannot be used. */
  readonly furnish?: (container: Docker.Container) => Promise<void>;
  /**
   * Work from outside in the running container, once the script has said {@link READY}. The script waits for its end on a line of stdin.
   * Only the first of these lines counts: from then on a setup script may print what it likes.
   * Returns variables for the image.
   */
  readonly between?: (container: Docker.Container) => Promise<ReadonlyMap<string, string>>;
  /** The image whose first program and folder the new one has. @default `from` */
  readonly startsLike?: string;
  /** Run as root, from the folder /. */
  readonly command: readonly string[];
  readonly network: 'host' | 'none';
  /** Of the image. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Over the usual: mounts, users, limits. */
  readonly host?: Docker.HostConfig;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** A line by which a script says that others may work in its container. */
export const READY = 'bellhop: ready';
const KEPT_LINES = 20;
/** Runs the command that follows, and removes what only it was to see. */
const AND_CLEAN_UP = ['/bin/sh', '-c', '"$@"; code=$?; rm -rf /build; exit $code', 'build'];

/**
 * Makes an image of what a script changes in another one, as one layer. It differs from a Dockerfile in two ways: what the
 * script is given (where this machine fetches packages, its certificates) leaves no trace in the image or its history, and
 * the lower layers are shared instead of copied.
 *
 * The caller holds a lock for `tag`.
 *
 * @throws DockerError `ImageBuildFailed` with the exit code and the last lines of the script
 */
export async function buildLayer(engine: Engine, build: LayerBuild): Promise<void> {
  const { docker } = engine;
  await removeLeftOver(engine, build.tag);
  build.signal?.throwIfAborted();
  const container = await create(engine, build);
  const end = () => void container.remove({ force: true, v: true }).catch(() => {});
  build.signal?.addEventListener('abort', end, { once: true });
  try {
    await putFolder(container, build.files);
    await build.furnish?.(container);
    const { last, variables } = await runToEnd(engine, container, build);
    const { State } = await container.inspect();
    if (State.ExitCode !== 0) throw scriptFailed(State, last);
    const [repo, tag] = splitTag(build.tag);
    const changes = [
      ...(await startOf(engine, build.startsLike ?? build.from)),
      ...variableChanges(variables),
      ...labelChanges(build.labels),
    ];
    await docker.getContainer(container.id).commit({ repo, tag, changes, pause: false });
  } catch (error) {
    build.signal?.throwIfAborted();
    throw error instanceof DockerError ? error : engineError(`build the image ${build.tag}`, error);
  } finally {
    build.signal?.removeEventListener('abort', end);
    await container.remove({ force: true, v: true }).catch(() => {});
  }
}

async function create({ docker }: Engine, build: LayerBuild): Promise<Docker.Container> {
  try {
    return await docker.createContainer({
      name: containerName(build.tag),
      Image: build.from,
      Entrypoint: [...AND_CLEAN_UP, ...build.command],
      Cmd: [],
      User: '0:0',
      WorkingDir: '/',
      OpenStdin: build.between !== undefined,
      StdinOnce: build.between !== undefined,
      HostConfig: {
        Runtime: 'runc',
        Init: true,
        NetworkMode: build.network,
        RestartPolicy: { Name: 'no' },
        ...build.host,
      },
    });
  } catch (error) {
    throw engineError(`build the image ${build.tag}`, error);
  }
}

/** One name for an image, so that what a killed process has left is found. A label would be inherited by the image's containers. */
function containerName(tag: string): string {
  return `bellhop-build-${tag.replace(/[^A-Za-z0-9_.-]/g, '-')}`;
}

async function removeLeftOver({ docker }: Engine, tag: string): Promise<void> {
  try {
    await docker.getContainer(containerName(tag)).remove({ force: true, v: true });
  } catch (error) {
    if (statusOf(error) !== 404) throw engineError(`clean up after a build of ${tag}`, error);
  }
}

async function putFolder(container: Docker.Container, folder: string): Promise<void> {
  const tar = spawn('tar', ['-C', folder, '--owner=0', '--group=0', '--transform', 's,^\\.,build,', '-cf', '-', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await container.putArchive(tar.stdout, { path: '/' });
}

/** Starts the container and waits for its end. Returns its last lines. @throws what `between` throws */
async function runToEnd({ docker }: Engine, container: Docker.Container, { onLine, between }: LayerBuild) {
  const last: string[] = [];
  const output = new PassThrough();
  const hasInput = between !== undefined;
  const stream = await container.attach({
    stream: true,
    stdin: hasInput,
    hijack: hasInput,
    stdout: true,
    stderr: true,
  });
  docker.modem.demuxStream(stream, output, output);
  stream.once('end', () => output.end());
  stream.once('error', () => output.end());
  let variables: ReadonlyMap<string, string> = new Map();
  let awaited = between ?? null;
  const read = (async () => {
    for await (const line of linesOf(output)) {
      const text = line.trimEnd();
      if (text === '') continue;
      if (awaited && text === READY) {
        const work = awaited;
        awaited = null;
        variables = await work(container);
        stream.end('go on\n');
        continue;
      }
      last.push(text.slice(0, 500));
      if (last.length > KEPT_LINES) last.shift();
      onLine(text);
    }
  })();
  const failed = read.then(() => new Promise<never>(() => undefined));
  await container.start();
  // Work that fails leaves the script waiting. The caller removes the container.
  await Promise.race([container.wait(), failed]);
  await read;
  return { last, variables };
}

function scriptFailed({ ExitCode, OOMKilled }: { ExitCode: number; OOMKilled: boolean }, last: readonly string[]) {
  const memory = OOMKilled ? ', for it used up its memory' : '';
  return new DockerError(
    'ImageBuildFailed',
    [...last, `the script ended with exit code ${ExitCode}${memory}`].join('\n'),
  );
}

function splitTag(name: string): [string, string] {
  const colon = name.lastIndexOf(':');
  return [name.slice(0, colon), name.slice(colon + 1)];
}

/** How containers of the image below start: the build's own container was started otherwise. */
async function startOf({ docker }: Engine, image: string): Promise<string[]> {
  const { Config } = await docker.getImage(image).inspect();
  const list = (words: string | string[] | null | undefined) => JSON.stringify([words ?? []].flat());
  return [
    `ENTRYPOINT ${list(Config.Entrypoint)}`,
    `CMD ${list(Config.Cmd)}`,
    `WORKDIR ${Config.WorkingDir || '/'}`,
    'USER 0:0',
    // It would run in every sandbox, as the relay's user.
    'HEALTHCHECK NONE',
  ];
}

function labelChanges(labels: LayerBuild['labels'] = {}): string[] {
  return Object.entries(labels).map(([name, value]) => `LABEL ${JSON.stringify(name)}=${JSON.stringify(value)}`);
}

function variableChanges(variables: ReadonlyMap<string, string>): string[] {
  // The engine puts variables into these lines as into those of a Dockerfile.
  return [...variables].map(([name, value]) => `ENV ${name}=${JSON.stringify(value).replaceAll('$', '\\$')}`);
}
