import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';

const ROOT = path.join(import.meta.dirname, '..');
/** What a bundle is made of: workflows import only these rooms. */
const ROOMS = ['workflows', 'contracts', 'access'];

/**
 * Path of the workflow bundle of the present sources. It is built once for each state of the sources. Building takes a second or
 * two and 200 MB of memory, which a worker that starts again should not pay for.
 */
export async function workflowBundle(cacheFolder: string): Promise<string> {
  const file = path.join(cacheFolder, `workflows-${await fingerprint()}.js`);
  const known = await readFile(file).catch(() => null);
  if (known) return file;
  const { code } = await bundleWorkflowCode({
    workflowsPath: path.join(ROOT, 'workflows', 'index.ts'),
    logger: { log() {}, trace() {}, debug() {}, info() {}, warn: console.warn, error: console.error },
  });
  await mkdir(cacheFolder, { recursive: true });
  // It is renamed when it is complete. So of two workers that start together, none reads a half of the other's file.
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, code);
  await rename(draft, file);
  return file;
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  hash.update(await readFile(path.join(ROOT, 'package-lock.json')));
  for (const room of ROOMS) {
    const files = (await readdir(path.join(ROOT, room))).filter((name) => name.endsWith('.ts')).sort();
    for (const file of files) hash.update(file).update(await readFile(path.join(ROOT, room, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
