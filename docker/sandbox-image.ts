import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourcesList } from './apt-sources.ts';
import { ensureBaseImage } from './base-image.ts';
import type { Engine } from './engine.ts';
import { buildImage, hasImage, pruneBuildStages } from './engine-images.ts';
import { withFileLock } from './file-lock.ts';
import { type HostApt, readHostApt } from './host-apt.ts';
import { digestOf } from './image-digest.ts';
import { fetchNodePackages, nodePackageNames } from './node-packages.ts';

export type ImagePhase = 'base' | 'node' | 'packages' | 'finish' | 'ready';

export interface ImageProgress {
  readonly phase: ImagePhase;
  /** For people: what is being done right now. */
  readonly words: string;
}

export interface SandboxImageOptions {
  readonly engine: Engine;
  readonly onProgress?: (progress: ImageProgress) => void;
  /** Big downloads, shared by all checkouts. @default ~/.cache/bellhop */
  readonly cacheDir?: string;
  readonly signal?: AbortSignal;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface SandboxImage {
  readonly name: string;
  /** False when it was there already. */
  readonly built: boolean;
}

const IMAGE = join(import.meta.dirname, 'image');
const PACKAGES = join(IMAGE, 'packages');

/** The name of the image this checkout needs: it changes with every file that goes into it. */
export async function sandboxImageName(engine: Engine): Promise<string> {
  return `bellhop-sandbox:${await digestOf(IMAGE, nodePackageNames(engine.info.arch))}`;
}

/** Whether the image is there; costs one question to the engine. */
export async function hasSandboxImage(engine: Engine): Promise<boolean> {
  return await hasImage(engine, await sandboxImageName(engine));
}

/**
 * Makes sure that the engine has the sandbox image. Built once: some minutes the first time, seconds when only our
 * own files changed. Processes that ask at the same time wait for the one that builds.
 */
export async function ensureSandboxImage(options: SandboxImageOptions): Promise<SandboxImage> {
  const { engine, signal, env = process.env } = options;
  const cacheDir = options.cacheDir ?? join(homedir(), '.cache/bellhop');
  const say = (phase: ImagePhase) => (words: string) => options.onProgress?.({ phase, words });
  const name = await sandboxImageName(engine);
  if (await hasImage(engine, name)) return { name, built: false };
  await mkdir(cacheDir, { recursive: true });
  return await withFileLock(join(cacheDir, 'sandbox-image.lock'), signal, async () => {
    if (await hasImage(engine, name)) return { name, built: false };
    const packages = await ensurePackages({ engine, cacheDir, env, signal, say });
    say('finish')('adding the relay and the starter');
    await buildImage(engine, {
      context: IMAGE,
      src: ['Dockerfile', 'files', 'starter'],
      tag: name,
      buildArgs: { PACKAGES: packages },
      network: 'none',
      onLine: () => {},
      signal,
    });
    say('ready')(name);
    return { name, built: true };
  });
}

interface Preparation {
  readonly engine: Engine;
  readonly cacheDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly say: (phase: ImagePhase) => (words: string) => void;
}

/** The image below ours: Debian with all packages. It outlives changes of our own files. */
async function ensurePackages({ engine, cacheDir, env, signal, say }: Preparation): Promise<string> {
  const { arch } = engine.info;
  const tag = `bellhop-packages:${await digestOf(PACKAGES, nodePackageNames(arch))}`;
  if (await hasImage(engine, tag)) return tag;
  const apt = await readHostApt(env);
  const base = await ensureBaseImage({ engine, apt, cacheDir, onProgress: say('base'), signal });
  say('node')(`fetching ${nodePackageNames(arch).join(' and ')}`);
  const tarballs = await fetchNodePackages({ arch, cacheDir, signal });
  const context = await mkdtemp(join(tmpdir(), 'bellhop-image-'));
  try {
    await cp(PACKAGES, context, { recursive: true });
    await copyFile(tarballs.node, join(context, 'node.tgz'));
    await copyFile(tarballs.npm, join(context, 'npm.tgz'));
    await writeHostFiles(join(context, 'host'), apt);
    const onLine = (line: string) => {
      const words = /^bellhop: (.*)/.exec(line)?.[1] ?? /^(?:Get:\d+|Unpacking|Setting up) \S+/.exec(line)?.[0];
      if (words) say('packages')(words);
    };
    say('packages')('installing packages');
    const buildArgs = { BASE: base, ...proxyArguments(env) };
    const src = ['Dockerfile', 'install.sh', 'node.tgz', 'npm.tgz', 'host'];
    await buildImage(engine, { context, src, tag, buildArgs, network: 'host', onLine, signal });
  } finally {
    await rm(context, { recursive: true, force: true });
    await pruneBuildStages(engine, 'bellhop.build-stage=packages');
  }
  return tag;
}

async function writeHostFiles(folder: string, apt: HostApt): Promise<void> {
  await mkdir(folder);
  const settings = [...apt.settings];
  if (apt.caBundle) {
    await copyFile(apt.caBundle, join(folder, 'ca.pem'));
    settings.push('Acquire::https::CaInfo "/build/host/ca.pem";');
  }
  if (apt.mirrors) await writeFile(join(folder, 'sources.list'), sourcesList(apt.mirrors));
  await writeFile(join(folder, 'apt.conf'), `${settings.join('\n')}\n`);
}

/** Build arguments of these names are known to the engine and not kept in the image's history. */
function proxyArguments(env: Preparation['env']): Record<string, string> {
  const names = ['http_proxy', 'https_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'];
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])));
}
