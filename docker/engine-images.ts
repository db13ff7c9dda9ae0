import type { Engine } from './engine.ts';
import { DockerError, engineError, statusOf } from './errors.ts';

/** One event of the engine's progress stream for builds, pulls and imports. */
export interface BuildEvent {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
}

/** Whether the engine has an image of this name. @throws DockerError when the engine cannot say */
export async function hasImage(engine: Engine, name: string): Promise<boolean> {
  try {
    await engine.docker.getImage(name).inspect();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw engineError(`look for the image ${name}`, error);
  }
}

const KEPT_LINES = 20;

/** Follows a progress stream to its end. An error in it is thrown, with the lines before it. */
export async function followBuild(
  engine: Engine,
  stream: NodeJS.ReadableStream,
  onEvent: (event: BuildEvent) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const last: string[] = [];
  let failure: string | undefined;
  engine.docker.modem.followProgress(
    stream,
    (error) => {
      if (!error && failure === undefined) return resolve();
      const words = failure ?? error?.message ?? 'no reason given';
      reject(new DockerError('ImageBuildFailed', [...last, words].join('\n'), error));
    },
    (event: BuildEvent) => {
      failure = event.error ?? failure;
      const line = event.stream?.trim();
      if (line) last.push(line);
      if (last.length > KEPT_LINES) last.shift();
      onEvent(event);
    },
  );
  await promise;
}

export interface BuildOptions {
  readonly context: string;
  /** Files and folders of the context that are sent. */
  readonly src: string[];
  readonly tag: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly network: 'host' | 'none';
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal;
}

/** @throws DockerError with the last lines of the build */
export async function buildImage(engine: Engine, options: BuildOptions): Promise<void> {
  const { context, src, tag, network, signal } = options;
  try {
    const stream = await engine.docker.buildImage(
      { context, src },
      {
        t: tag,
        buildargs: { ...options.buildArgs },
        networkmode: network,
        rm: true,
        forcerm: true,
        abortSignal: signal,
      },
    );
    await followBuild(engine, stream, (event) => {
      for (const line of (event.stream ?? '').split('\n')) if (line.trim()) options.onLine(line.trim());
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw error instanceof DockerError ? error : engineError(`build the image ${tag}`, error);
  }
}

/** Removes what a build left without a name: the stage that knew this machine's mirrors and certificates. */
export async function pruneBuildStages(engine: Engine, label: string): Promise<void> {
  await engine.docker.pruneImages({ filters: { dangling: ['true'], label: [label] } }).catch(() => {});
}
