import { posix } from 'node:path';
import type Docker from 'dockerode';
import type { Engine } from './engine.ts';
import { followBuild } from './engine-images.ts';
import { DockerError, engineError, statusOf, wordsOf } from './errors.ts';

/** What of an image that a team has made itself matters to its sandboxes. */
export interface OwnImage {
  /** Changes with the content. */
  readonly id: string;
  /** Where it has its programs. Null: it does not say. */
  readonly path: string | null;
}

/** What Bellhop adds to an image, as paths of its own sandbox image: the relay, the first program, the starter. */
const ADDED = ['/usr/local/lib/bellhop', '/usr/local/bin/bellhop-step'] as const;

/** The image that the engine has under this name. Null: none. @throws DockerError when the engine cannot say */
export async function findOwnImage({ docker }: Engine, reference: string): Promise<OwnImage | null> {
  try {
    const { Id, Config } = await docker.getImage(reference).inspect();
    const path = Config.Env?.find((line) => line.startsWith('PATH='))?.slice('PATH='.length);
    return { id: Id, path: path ? readOnlyFolders(path) : null };
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw engineError(`look for the image ${reference}`, error);
  }
}

/** Without folders in which the agent can write, because programs other than its commands get this too. */
function readOnlyFolders(path: string): string | null {
  // As the kernel reads them: `//workspace/bin` and `/./tmp` are folders of the agent, too.
  const folders = path.split(':').map((each) => posix.normalize(each));
  const usable = folders.filter((each) => /^\/(?!(?:workspace|tmp|var\/tmp|proc|dev|run)(?:\/|$))/.test(each));
  return usable.length > 0 ? usable.join(':') : null;
}

/**
 * Has the engine pull an image. The engine uses its own network and no credential of Bellhop. An image that needs a login has
 * to be pulled beforehand, by a person who has one.
 *
 * @throws DockerError `ImagePullFailed` with the engine's answer
 */
export async function pullOwnImage(engine: Engine, reference: string, signal?: AbortSignal): Promise<OwnImage> {
  try {
    const tagged = /[:@][^/]*$/.test(reference) ? reference : `${reference}:latest`;
    const stream = await engine.docker.pull(tagged, { abortSignal: signal });
    await followBuild(engine, stream, () => {});
  } catch (error) {
    signal?.throwIfAborted();
    const words = `the engine has no image ${reference} and cannot pull it: ${wordsOf(error)}`;
    const advice = 'Correct its name in bellhop.yaml, or run `docker pull` for it on the machine of the runner.';
    throw new DockerError('ImagePullFailed', `${words}\n${advice}`, error);
  }
  const found = await findOwnImage(engine, reference);
  if (found) return found;
  throw new DockerError('ImagePullFailed', `the engine pulled ${reference} and has no such image`);
}

/**
 * Refuses an image that cannot become a sandbox.
 *
 * @throws DockerError `ImageUnsuitable`: which image, what is the matter, what to do
 */
export async function checkOwnImage({ docker, info }: Engine, reference: string): Promise<void> {
  const { Os, Architecture, Config } = await docker.getImage(reference).inspect();
  if (Os !== 'linux' || Architecture !== info.arch) {
    const kind = `${Os}/${Architecture}`;
    throw unsuitable(
      reference,
      `is made for ${kind}, and this engine runs linux/${info.arch}`,
      'Build it for that too.',
    );
  }
  const volumes = Object.keys(Config.Volumes ?? {});
  if (volumes.length > 0) {
    const words = `declares VOLUME ${volumes.join(' ')}, and a sandbox has no storage beside /workspace`;
    throw unsuitable(reference, words, 'Build it without.');
  }
}

/**
 * Puts Bellhop's own programs, from the sandbox image, into /build of a container of a team's image. They bring whatever they need.
 * The build's script puts them in their places (environment-script.ts).
 *
 * @throws DockerError `ImageUnsuitable` without a shell
 */
export async function bringPrograms(
  { docker }: Engine,
  container: Docker.Container,
  from: { readonly reference: string; readonly sandboxImage: string },
): Promise<void> {
  if (!(await hasFile(container, '/bin/sh'))) {
    throw unsuitable(from.reference, 'has no /bin/sh, and commands are run by it', 'Add a shell, at best bash.');
  }
  const source = await docker.createContainer({ Image: from.sandboxImage, NetworkDisabled: true });
  try {
    for (const path of ADDED) await container.putArchive(await source.getArchive({ path }), { path: '/build' });
  } finally {
    await source.remove({ force: true, v: true }).catch(() => {});
  }
}

async function hasFile(container: Docker.Container, path: string): Promise<boolean> {
  try {
    const answer: NodeJS.ReadableStream = await container.infoArchive({ path });
    // An answer that nobody reads holds its connection to the engine open.
    answer.resume();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw engineError(`look for ${path} in an image`, error);
  }
}

function unsuitable(reference: string, what: string, advice: string): DockerError {
  return new DockerError('ImageUnsuitable', `the image ${reference} ${what}. ${advice}`);
}
