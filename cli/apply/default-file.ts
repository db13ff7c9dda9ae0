import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * The file to apply when the command names none: `bellhop.yaml` in the current folder, or else the file applied last.
 *
 * @param memory the file in which {@link rememberFile} wrote the last path
 * @throws Error when there is neither
 */
export async function defaultFile(memory: string, folder: string): Promise<string> {
  const here = path.join(folder, 'bellhop.yaml');
  if (existsSync(here)) return here;
  const last = (await readFile(memory, 'utf8').catch(() => '')).trim();
  if (last !== '' && existsSync(last)) return last;
  throw new Error('there is no bellhop.yaml here: name the file, as in `bellhop apply path/to/bellhop.yaml`');
}

export async function rememberFile(memory: string, file: string): Promise<void> {
  await writeFile(memory, `${path.resolve(file)}\n`, { mode: 0o600 });
}

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
