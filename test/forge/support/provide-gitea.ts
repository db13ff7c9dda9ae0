import { cp, mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder } from '../../../setup/host/cache.ts';
import { onPath } from '../../../setup/host/on-path.ts';
import { runCommand } from '../../../setup/host/run-command.ts';

const VERSION = 'v1.24.6';
const MODULE = `code.gitea.io/gitea@${VERSION}`;
const DOWNLOAD_MS = 10 * 60_000;
const BUILD_MS = 40 * 60_000;

/** What a Gitea server needs to start. */
export interface GiteaFiles {
  readonly binary: string;
  /** Holds `templates/` and `options/`. */
  readonly assets: string;
}

/**
 * Gitea, a git forge that we did not write, built by Go from its published module into the user's cache. The first build
 * takes a quarter of an hour on two cores.
 * @throws Error without Go
 */
export async function provideGitea(environment: NodeJS.ProcessEnv, tell: (line: string) => void): Promise<GiteaFiles> {
  const folder = path.join(cacheFolder(environment), 'gitea', VERSION);
  const files: GiteaFiles = { binary: path.join(folder, 'gitea'), assets: folder };
  if (await stat(files.binary).catch(() => null)) return files;
  await onPath('go', environment).catch(() => {
    throw new Error('Go is not on the PATH: it builds the forge that these tests run on (https://go.dev/doc/install)');
  });
  tell(`building Gitea ${VERSION} (a quarter of an hour on two cores) …`);
  const source = path.join(folder, 'source');
  await rm(folder, { recursive: true, force: true });
  await mkdir(source, { recursive: true });
  await runCommand('go', ['mod', 'init', 'download'], { cwd: folder, env: environment });
  const downloaded = await runCommand('go', ['mod', 'download', '-json', MODULE], {
    cwd: folder,
    env: environment,
    timeoutMs: DOWNLOAD_MS,
  });
  const { Dir } = JSON.parse(downloaded) as { Dir: string };
  await cp(Dir, source, { recursive: true });
  await runCommand('chmod', ['-R', 'u+w', source]);
  await runCommand('go', ['build', '-tags', 'sqlite sqlite_unlock_notify', '-o', path.join(folder, 'new'), '.'], {
    cwd: source,
    env: { ...environment, CGO_ENABLED: '1' },
    timeoutMs: BUILD_MS,
  });
  for (const part of ['templates', 'options']) await rename(path.join(source, part), path.join(folder, part));
  await rm(source, { recursive: true, force: true });
  // Last, because the binary says that the rest is there too.
  await rename(path.join(folder, 'new'), files.binary);
  return files;
}
