import { posix } from 'node:path';
import type Docker from 'dockerode';
import type { Dockerfile, DockerfileStep } from '../contracts/environments.ts';
import { copyFiles } from './copy-files.ts';
import { putVariablesIn } from './dockerfile-variables.ts';
import type { Engine } from './engine.ts';
import { DockerError, engineError } from './errors.ts';
import { runInContainer } from './run-in-container.ts';
import { sandboxEnvironment } from './sandbox-environment.ts';

export interface DockerfileRun {
  readonly engine: Engine;
  readonly dockerfile: Dockerfile;
  /** What FROM names. */
  readonly image: string;
  /** What programs need on the way out: proxies, certificates, mirrors. It is no part of the image. */
  readonly wayOut: Readonly<Record<string, string>>;
  readonly onLine: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

type Variables = ReadonlyMap<string, string>;

/** What a step finds, and what it leaves to the next. */
interface Progress {
  /** By ENV: kept in the image. */
  readonly env: Variables;
  /** By ARG: of the build alone. */
  readonly args: Variables;
  readonly folder: string;
  readonly user: string;
  readonly shell: readonly string[];
}

const ROOT = '0:0';

/**
 * Carries out the steps of a Dockerfile in a running container, each by the engine's exec, which knows users, folders and variables as an
 * image has them. All steps together become one layer.
 *
 * @returns the variables that ENV sets, for the image
 * @throws DockerError `ImageBuildFailed` with the last lines of the step and its exit code
 */
export async function runDockerfile(container: Docker.Container, run: DockerfileRun): Promise<Variables> {
  const { Config } = await run.engine.docker.getImage(run.image).inspect();
  const said = (Config.Env ?? []).map((line) => [line.split('=', 1)[0] ?? '', line.replace(/^[^=]*=/, '')] as const);
  // The engine's own, where an image says none.
  const ofImage = new Map([['PATH', sandboxEnvironment().PATH ?? ''], ...said]);
  let progress: Progress = {
    env: new Map(),
    args: new Map(),
    folder: Config.WorkingDir || '/',
    user: Config.User || ROOT,
    shell: ['/bin/sh', '-c'],
  };
  for (const step of run.dockerfile.steps) {
    run.signal?.throwIfAborted();
    run.onLine(`bellhop: line ${step.line} of ${run.dockerfile.file} (${step.text})`);
    const known = new Map([...ofImage, ...progress.args, ...progress.env]);
    progress = { ...progress, ...(await carryOut(step, { container, run, progress, known })) };
  }
  return progress.env;
}

interface Moment {
  readonly container: Docker.Container;
  readonly run: DockerfileRun;
  readonly progress: Progress;
  /** What `$NAME` stands for now. */
  readonly known: Variables;
}

/** Returns what is another one after the step. */
async function carryOut(step: DockerfileStep, moment: Moment): Promise<Partial<Progress>> {
  const { progress, known } = moment;
  const put = (text: string) => putVariablesIn(text, known);
  switch (step.do) {
    case 'env':
      return { env: new Map([...progress.env, ...step.values.map(([name, value]) => [name, put(value)] as const)]) };
    case 'arg':
      return step.value === null ? {} : { args: new Map([...progress.args, [step.name, put(step.value)]]) };
    case 'user':
      return { user: put(step.name) };
    case 'shell':
      return { shell: step.words };
    case 'workdir': {
      const folder = posix.resolve(progress.folder, put(step.path));
      await execute(['mkdir', '-p', folder], { ...moment, progress: { ...progress, folder: '/', user: ROOT } });
      return { folder };
    }
    case 'run':
      await execute([...progress.shell, step.shell], moment);
      return {};
    case 'exec':
      await execute(step.words, moment);
      return {};
    case 'copy':
      await copy(step, moment);
      return {};
  }
}

async function copy(step: Extract<DockerfileStep, { readonly do: 'copy' }>, moment: Moment): Promise<void> {
  const { container, run, progress, known } = moment;
  const asRoot: Moment = { ...moment, progress: { ...progress, folder: '/', user: ROOT } };
  const files = await copyFiles(container, {
    files: run.dockerfile.files,
    from: step.from,
    to: posix.resolve(progress.folder, putVariablesIn(step.to, known)),
    intoFolder: step.intoFolder,
    makeFolders: async (folders) => await execute(['mkdir', '-p', ...folders], asRoot),
  });
  // The target's own tools know its users.
  if (step.owner !== null) await execute(['chown', putVariablesIn(step.owner, known), ...files], asRoot);
  if (step.mode !== null) await execute(['chmod', step.mode, ...files], asRoot);
}

async function execute(words: readonly string[], { container, run, progress }: Moment): Promise<void> {
  const { HOME: _home, PATH: _path, ...wayOut } = run.wayOut;
  const variables = { ...Object.fromEntries(progress.args), ...wayOut, ...Object.fromEntries(progress.env) };
  const { exitCode, last } = await runInContainer(container, {
    words,
    user: progress.user,
    folder: progress.folder,
    variables,
    onLine: run.onLine,
  }).catch((error: unknown) => {
    run.signal?.throwIfAborted();
    throw engineError(`run ${words[0]} in a build`, error);
  });
  if (exitCode === 0) return;
  run.signal?.throwIfAborted();
  throw new DockerError(
    'ImageBuildFailed',
    [...last, `the step ended with exit code ${exitCode ?? 'none'}`].join('\n'),
  );
}
