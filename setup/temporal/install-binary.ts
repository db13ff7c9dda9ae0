import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { TemporalRelease } from './release.ts';

/**
 * Makes a binary in a folder of its own beside the target and moves it there in one step. So a broken download leaves nothing, and two
 * checkouts may fetch at the same time. A binary that is not the release's is refused, wherever it came from.
 */
export async function installBinary(
  target: string,
  { sha256 }: TemporalRelease,
  make: (folder: string) => Promise<string>,
): Promise<string> {
  const platform = `${process.platform}-${process.arch}`;
  const wanted = sha256[platform];
  if (!wanted) throw new Error(`there is none for ${platform}`);
  const parent = path.dirname(target);
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(path.join(parent, '.fetching-'));
  try {
    const made = await make(folder);
    const found = await sha256Of(made);
    if (found !== wanted) throw new Error(`its binary has SHA-256 ${found}, not ${wanted}`);
    await chmod(made, 0o755);
    await rename(made, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
