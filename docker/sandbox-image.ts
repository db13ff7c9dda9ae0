import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Engine } from './engine.ts';
import { buildImage, hasImage } from './engine-images.ts';
import { withFileLock } from './file-lock.ts';
import { digestOf } from './image-digest.ts';
import { BASE_NODE_PACKAGES, nodePackageNames } from './node-packages.ts';
import { ensurePackages } from './packages-image.ts';
import { ensureTools, toolsDigest } from './tools-image.ts';

/**
 * How much a sandbox has:
 *
 * - `base`: Debian, Node, Python, compilers of C. Small, so that the first answer comes early.
 * - `full`: that, and what teams use (docker/image-tools/install.sh).
 */
export type SandboxTools = 'base' | 'full';

export type ImagePhase = 'base' | 'node' | 'packages' | 'tools' | 'finish' | 'ready';

export interface ImageProgress {
  readonly phase: ImagePhase;
  /** For people: what is being done right now. */
  readonly words: string;
}

export interface SandboxImageOptions {
  readonly engine: Engine;
  /** @default 'base' */
  readonly tools?: SandboxTools;
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

/** What each step of a build works with. */
export interface ImagePreparation {
  readonly engine: Engine;
  readonly cacheDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly say: (phase: ImagePhase) => (words: string) => void;
}

const IMAGE = join(import.meta.dirname, 'image');

/** What the setting of a runner wishes for (`BELLHOP_SANDBOX_TOOLS`). Its value is checked where the runner starts. */
export function sandboxToolsOf(env: Readonly<Record<string, string | undefined>>): SandboxTools {
  return env.BELLHOP_SANDBOX_TOOLS === 'base' ? 'base' : 'full';
}

/** The name of the image this checkout needs: it changes with every file that goes into it. */
export async function sandboxImageName({ info: { arch } }: Engine, tools: SandboxTools = 'base'): Promise<string> {
  const parts = nodePackageNames(arch, BASE_NODE_PACKAGES);
  if (tools === 'base') return `bellhop-sandbox:${await digestOf(IMAGE, parts)}`;
  return `bellhop-sandbox:${await digestOf(IMAGE, [...parts, await toolsDigest(arch)])}-full`;
}

/** Whether the image is there; costs one question to the engine. */
export async function hasSandboxImage(engine: Engine, tools: SandboxTools = 'base'): Promise<boolean> {
  return await hasImage(engine, await sandboxImageName(engine, tools));
}

/**
 * Makes sure that the engine has the sandbox image. Built once: some minutes the first time, seconds when only our
 * own files changed. Processes that ask at the same time wait for the one that builds. The base does not wait for a build of
 * the full one.
 *
 * @throws DockerError `ImageBuildFailed` with the last lines, `DiskFull`
 */
export async function ensureSandboxImage(options: SandboxImageOptions): Promise<SandboxImage> {
  const { engine, tools = 'base', signal, env = process.env } = options;
  const cacheDir = options.cacheDir ?? join(homedir(), '.cache/bellhop');
  const say = (phase: ImagePhase) => (words: string) => options.onProgress?.({ phase, words });
  const name = await sandboxImageName(engine, tools);
  if (await hasImage(engine, name)) return { name, built: false };
  await mkdir(cacheDir, { recursive: true });
  const preparation = { engine, cacheDir, env, signal, say };
  // The full one lies on the packages of the base.
  if (tools === 'full') await ensureSandboxImage({ ...options, tools: 'base' });
  const lock = join(cacheDir, tools === 'base' ? 'sandbox-image.lock' : 'sandbox-tools.lock');
  return await withFileLock(lock, signal, async () => {
    if (await hasImage(engine, name)) return { name, built: false };
    const base = await ensurePackages(preparation);
    const packages = tools === 'base' ? base : await ensureTools(preparation, base);
    say('finish')('adding the relay and the starter');
    await buildImage(engine, {
      context: IMAGE,
      src: ['Dockerfile', 'files', 'starter', 'entry'],
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
