import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Ignore } from '@balena/dockerignore';
import type { CopiedFile } from '../../contracts/environments.ts';

/** Its types say that it is a module, and it is none. */
const dockerignore = createRequire(import.meta.url)('@balena/dockerignore') as () => Ignore;

/** The folder of a Dockerfile, from which COPY takes files. */
export interface BuildFolder {
  /**
   * The files that COPY means by this name or pattern: a file, a folder with all in it, or several by `*`. What `.dockerignore` names is
   * not there, and neither are `.git`, `node_modules`, and symbolic links, because they may lead elsewhere.
   */
  find(pattern: string): { readonly files: readonly CopiedFile[]; readonly isFolder: boolean };
}

/** More is no folder of settings. For a Dockerfile in a large folder, `.dockerignore` says what to leave out. */
const MAX_ENTRIES = 5_000;

/** Null: the folder holds too much. */
export async function readBuildFolder(folder: string): Promise<BuildFolder | null> {
  const ignored = dockerignore().add(await readFile(path.join(folder, '.dockerignore'), 'utf8').catch(() => ''));
  const files = await listFiles(folder, (name) => ignored.ignores(name));
  if (files === null) return null;
  return {
    find(pattern) {
      const wanted = path.posix.normalize(`/${pattern}`).slice(1).replace(/\/$/, '');
      const found = files.flatMap((file) => {
        const named =
          wanted === '' ? '' : ancestors(file).find((each) => each === wanted || path.posix.matchesGlob(each, wanted));
        return named === undefined ? [] : [{ file, named }];
      });
      return {
        files: found.map(({ file, named }) => ({
          path: file,
          as: file === named ? path.posix.basename(file) : path.posix.relative(named, file),
        })),
        isFolder: found.some(({ file, named }) => file !== named),
      };
    },
  };
}

/** `a`, `a/b`, `a/b/c` of `a/b/c`. */
function ancestors(file: string): string[] {
  const parts = file.split('/');
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function listFiles(folder: string, isIgnored: (name: string) => boolean): Promise<string[] | null> {
  const files: string[] = [];
  const waiting = [''];
  let seen = 0;
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const entry of await readdir(path.join(folder, at), { withFileTypes: true })) {
      seen += 1;
      if (seen > MAX_ENTRIES) return null;
      const name = at === '' ? entry.name : `${at}/${entry.name}`;
      // A folder may be left out and a file in it named again (`!`), so folders are looked into all the same.
      if (entry.isDirectory() && entry.name !== '.git' && entry.name !== 'node_modules') waiting.push(name);
      else if (entry.isFile() && !isIgnored(name)) files.push(name);
    }
  }
  return files.sort();
}
