import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeAtomically } from '../../setup/host/atomic-file.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../setup/host/process-identity.ts';
import { killGroup } from './spawn-child.ts';

/** A drain takes that long at most (leash.ts); what then still lives is killed. */
const PATIENCE_MS = 20_000;

/** Remembers a child on disk, or forgets it. */
export async function recordChild(folder: string, name: string, pid: number | undefined): Promise<void> {
  const file = path.join(folder, `${name}.json`);
  const identity = pid === undefined ? undefined : await identityOf(pid);
  if (identity) await writeAtomically(file, JSON.stringify(identity));
  else await rm(file, { force: true });
}

/** Stops what an `up` that was killed has left, and returns the names. Never touches a process it did not record. */
export async function stopLeftovers(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json'));
  const stopped = await Promise.all(
    files.map(async (file) => {
      const identity = JSON.parse(await readFile(path.join(folder, file), 'utf8')) as ProcessIdentity;
      const lived = await stopGroup(identity);
      await rm(path.join(folder, file), { force: true });
      return lived ? path.basename(file, '.json') : undefined;
    }),
  );
  return stopped.filter((name) => name !== undefined);
}

async function stopGroup(identity: ProcessIdentity): Promise<boolean> {
  const leaderLives = await isAlive(identity);
  if (!leaderLives) {
    // The kernel gives no new process the number of a group that still has members, so what is there is ours; unless the
    // number was free and is now another process.
    if ((await identityOf(identity.pid)) || !groupExists(identity.pid)) return false;
    killGroup(identity.pid);
    return true;
  }
  process.kill(identity.pid, 'SIGTERM');
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end && (await isAlive(identity))) await sleep(100);
  killGroup(identity.pid);
  return true;
}

function groupExists(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch {
    return false;
  }
}
