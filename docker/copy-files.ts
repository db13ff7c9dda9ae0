import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import type Docker from 'dockerode';
import type { ContextFile, CopiedFile } from '../contracts/environments.ts';
import { statusOf } from './errors.ts';

export interface Copying {
  readonly files: readonly ContextFile[];
  readonly from: readonly CopiedFile[];
  /** Absolute. */
  readonly to: string;
  /** Whether `to` is a folder in any case. One file goes into a folder that is there, too. */
  readonly intoFolder: boolean;
  readonly makeFolders: (folders: readonly string[]) => Promise<void>;
}

/** Of Go's file modes. */
const IS_FOLDER = 1 << 31;

/** Puts files into a container, as root's. Folders that are there stay as they are. Returns where the files are. */
export async function copyFiles(container: Docker.Container, copying: Copying): Promise<string[]> {
  const { files, from, to } = copying;
  const isFolder = copying.intoFolder || (await isFolderThere(container, to));
  const targets = from.map(({ path, as }) => ({ path, target: isFolder ? posix.join(to, as) : to }));
  await copying.makeFolders([...new Set(targets.map(({ target }) => posix.dirname(target)))]);
  const folder = await mkdtemp(join(tmpdir(), 'bellhop-copy-'));
  try {
    for (const { path, target } of targets) {
      const file = files.find((each) => each.path === path);
      if (!file) throw new Error(`the build has no file ${path}`);
      const at = join(folder, target);
      await mkdir(dirname(at), { recursive: true });
      await writeFile(at, Buffer.from(file.content, 'base64'));
      await chmod(at, file.executable ? 0o755 : 0o644);
    }
    const names = [...new Set(targets.map(({ target }) => `.${target}`))];
    const options = ['-C', folder, '--owner=0', '--group=0', '--no-recursion', '-cf', '-', '--', ...names];
    const tar = spawn('tar', options, { stdio: ['ignore', 'pipe', 'inherit'] });
    await container.putArchive(tar.stdout, { path: '/' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return targets.map(({ target }) => target);
}

async function isFolderThere(container: Docker.Container, path: string): Promise<boolean> {
  try {
    const answer = (await container.infoArchive({ path })) as unknown as NodeJS.ReadableStream & {
      readonly headers: Readonly<Record<string, string | undefined>>;
    };
    answer.resume();
    const said = answer.headers['x-docker-container-path-stat'] ?? '';
    const { mode } = JSON.parse(Buffer.from(said, 'base64').toString()) as { readonly mode: number };
    return (mode & IS_FOLDER) !== 0;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}
