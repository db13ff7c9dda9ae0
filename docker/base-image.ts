import { createReadStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEBIAN_RELEASE } from './apt-sources.ts';
import type { Engine } from './engine.ts';
import { followBuild, hasImage } from './engine-images.ts';
import { DockerError, engineError, wordsOf } from './errors.ts';
import type { HostApt } from './host-apt.ts';
import { runCommand } from './run-command.ts';

const REGISTRY_BASE = `debian:${DEBIAN_RELEASE}-slim`;
/** A registry that has not said anything by then is taken for absent: there is another way. */
const PULL_SILENCE_MS = 15_000;
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

export interface BaseImageOptions {
  readonly engine: Engine;
  readonly apt: HostApt;
  readonly cacheDir: string;
  readonly onProgress: (words: string) => void;
  readonly signal?: AbortSignal;
}

/** A Debian to build upon: from the engine, from a registry, or made here by debootstrap. Returns its name. */
export async function ensureBaseImage(options: BaseImageOptions): Promise<string> {
  const made = `bellhop-base:${DEBIAN_RELEASE}`;
  for (const name of [REGISTRY_BASE, made]) if (await hasImage(options.engine, name)) return name;
  const refused = await pull(options);
  if (refused === null) return REGISTRY_BASE;
  options.signal?.throwIfAborted();
  options.onProgress(`no registry (${refused}); making Debian ${DEBIAN_RELEASE} with debootstrap`);
  const tarball = join(options.cacheDir, `debian-${DEBIAN_RELEASE}-${options.engine.info.arch}.tar.gz`);
  if (!existsSync(tarball)) await bootstrap(options, tarball, refused);
  options.onProgress('handing Debian to the engine');
  try {
    const [repo, tag] = made.split(':');
    const stream = await options.engine.docker.importImage(createReadStream(tarball) as never, { repo, tag });
    await followBuild(options.engine, stream, () => {});
  } catch (error) {
    throw engineError('import the base image', error);
  }
  return made;
}

/** Null when it worked. Otherwise the reason why it did not. */
async function pull({ engine, onProgress, signal }: BaseImageOptions): Promise<string | null> {
  onProgress(`pulling ${REGISTRY_BASE}`);
  const giveUp = new AbortController();
  const abortSignal = signal ? AbortSignal.any([signal, giveUp.signal]) : giveUp.signal;
  const timer = setTimeout(() => giveUp.abort(), PULL_SILENCE_MS);
  try {
    const stream = await engine.docker.pull(REGISTRY_BASE, { abortSignal } as object);
    await followBuild(engine, stream, () => timer.refresh());
    return null;
  } catch (error) {
    return giveUp.signal.aborted
      ? `no answer within ${PULL_SILENCE_MS / 1000} s`
      : (wordsOf(error).split('\n')[0] ?? '');
  } finally {
    clearTimeout(timer);
  }
}

async function bootstrap(
  { engine, apt, cacheDir, onProgress, signal }: BaseImageOptions,
  tarball: string,
  refused: string,
) {
  await checkTools(engine, refused, onProgress, signal);
  const folder = await mkdtemp(join(tmpdir(), 'bellhop-base-'));
  const partial = `${tarball}.${process.pid}`;
  try {
    const keyring = existsSync(KEYRING) ? [`--keyring=${KEYRING}`] : [];
    const mirror = apt.mirrors ? [apt.mirrors.archive] : [];
    const args = ['--variant=minbase', ...keyring, DEBIAN_RELEASE, join(folder, 'root'), ...mirror];
    const onLine = (line: string) => {
      const what = /^I: (Retrieving|Unpacking|Configuring|Installing) (.*)/.exec(line);
      if (what) onProgress(`Debian: ${what[1]?.toLowerCase()} ${what[2]}`);
    };
    await runCommand('debootstrap', args, { env: { ...process.env, ...proxyFrom(apt) }, signal, onLine });
    onProgress('packing Debian');
    await mkdir(cacheDir, { recursive: true });
    // What belongs to this machine, or can be fetched again, stays out.
    const without = ['./var/cache/apt/*', './var/lib/apt/lists/*', './etc/resolv.conf', './etc/hostname'];
    const pack = [
      '-C',
      join(folder, 'root'),
      ...without.map((path) => `--exclude=${path}`),
      '-I',
      'gzip -1',
      '-cf',
      partial,
      '.',
    ];
    await runCommand('tar', pack, { signal });
    await rename(partial, tarball);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await rm(partial, { force: true });
  }
}

function proxyFrom({ settings }: HostApt): Record<string, string> {
  const proxy = settings.map((line) => /^Acquire::http::Proxy "([^"]+)"/i.exec(line)?.[1]).find(Boolean);
  return proxy ? { http_proxy: proxy } : {};
}

async function checkTools(engine: Engine, refused: string, onProgress: (words: string) => void, signal?: AbortSignal) {
  const otherwise = `or bring the image to the engine: docker pull ${REGISTRY_BASE} (which failed here: ${refused})`;
  if (engine.info.virtualMachine || process.platform !== 'linux') {
    throw new DockerError('ImageBuildFailed', `no base image for the sandbox. Make a registry reachable, ${otherwise}`);
  }
  if (process.getuid?.() !== 0) {
    throw new DockerError(
      'ImageBuildFailed',
      `no base image for the sandbox. Run this once as root, for debootstrap, ${otherwise}`,
    );
  }
  const present = await runCommand('sh', ['-c', 'command -v debootstrap'], { signal }).catch(() => null);
  if (present !== null) return;
  onProgress('installing debootstrap');
  const install = 'apt-get install -y --no-install-recommends debootstrap debian-archive-keyring';
  try {
    await runCommand('sh', ['-c', `apt-get update -q && ${install}`], { signal });
  } catch (error) {
    throw new DockerError(
      'ImageBuildFailed',
      `no base image for the sandbox. Install debootstrap, ${otherwise}`,
      error,
    );
  }
}
