import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/**
 * Makes a binary in a folder of its own beside the target and moves it there in one step, so that a broken download
 * leaves nothing and two checkouts may fetch at once.
 */
export async function installBinary(target: string, make: (folder: string) => Promise<string>): Promise<string> {
  const parent = path.dirname(target);
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, '.fetching-'));
  try {
    const made = await make(folder);
    await chmod(made, 0o755);
    await rename(made, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
