import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';

/**
 * The file to apply when none is named: `bellhop.yaml` in the current folder, else the one applied last.
 *
 * @param memory where {@link rememberFile} wrote
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
