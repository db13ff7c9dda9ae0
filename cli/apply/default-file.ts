import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** An access file, and where the files are that it names. */
export interface ChosenFile {
  readonly file: string;
  /** Undefined: beside it. */
  readonly folder: string | undefined;
}

export interface FileWishes {
  /** As the command names it. */
  readonly named: string | undefined;
  /** `--files-from` */
  readonly filesFrom: string | undefined;
}

/**
 * The file to work with: the named one, or else `bellhop.yaml` in the current folder, or else the one applied last. A file that was applied
 * with the files of another folder goes on with them.
 *
 * @param memory the file in which {@link rememberFile} wrote what was applied last
 * @throws Error when there is none, or when it is not clear which one is meant
 */
export async function chooseFile({ named, filesFrom }: FileWishes, memory: string, cwd: string): Promise<ChosenFile> {
  const last = await readMemory(memory);
  const file = named ?? unnamed(last, cwd);
  const isLast = last !== null && path.resolve(cwd, file) === last.file;
  return { file, folder: filesFrom ?? (isLast ? last.folder : undefined) };
}

function unnamed(last: ChosenFile | null, cwd: string): string {
  const here = path.join(cwd, 'bellhop.yaml');
  if (!existsSync(here)) {
    if (last !== null && existsSync(last.file)) return last.file;
    throw new Error('there is no bellhop.yaml here: name the file, as in `bellhop apply path/to/bellhop.yaml`');
  }
  // What is in force is a copy, such as the one with another port. The file here may be the one from before.
  if (last?.folder === cwd && last.file !== here && existsSync(last.file)) {
    throw new Error(
      `bellhop.yaml here is not the file that was applied last, which is ${last.file} with the files of this folder: name one of them`,
    );
  }
  return here;
}

async function readMemory(memory: string): Promise<ChosenFile | null> {
  const [file = '', folder = ''] = (await readFile(memory, 'utf8').catch(() => '')).split('\n');
  return file === '' ? null : { file, folder: folder === '' ? undefined : folder };
}

/** Two lines: the file, and the folder of the files that it names where that is another. */
export async function rememberFile(memory: string, { file, folder }: ChosenFile): Promise<void> {
  const beside = path.dirname(path.resolve(file));
  const lines = [
    path.resolve(file),
    ...(folder === undefined || path.resolve(folder) === beside ? [] : [path.resolve(folder)]),
  ];
  await writeFile(memory, `${lines.join('\n')}\n`, { mode: 0o600 });
}

/** Of the option `--files-from`, for people. */
export const FILES_FROM = 'where the files are that it names, when they are not beside it; remembered with the file';

const WHY: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'you may not read it',
};

/** The text of a file. @throws Error in words */
export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new Error(`${file} cannot be read: ${WHY[code] ?? 'the system says'} (${code})`);
  }
}

/** The path from the current folder, or the absolute path for a file outside of it. */
export function shownPath(file: string): string {
  const relative = path.relative(process.cwd(), path.resolve(file));
  return relative.startsWith('..') ? path.resolve(file) : relative;
}
