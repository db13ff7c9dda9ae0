import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeAtomically } from '../../setup/host/atomic-file.ts';
import { identityOf, isAlive, type ProcessIdentity } from '../../setup/host/process-identity.ts';
import { killGroup, signalGroup } from './spawn-child.ts';

/** No drain takes longer. A process that still lives after it is killed. */
const PATIENCE_MS = 20_000;

/** Writes down on disk that a child runs; without a pid, that it does not run any more. */
export async function recordChild(folder: string, name: string, pid: number | undefined): Promise<void> {
  const file = path.join(folder, `${name}.json`);
  const identity = pid === undefined ? undefined : await identityOf(pid);
  if (identity) await writeAtomically(file, JSON.stringify(identity));
  else await rm(file, { force: true });
}

/** Stops the processes that a killed `up` has left behind, and returns their names. It never touches a process that was not recorded. */
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

/** Each child leads a process group of its own. A guard that was killed may have left its program behind in that group. */
async function stopGroup(leader: ProcessIdentity): Promise<boolean> {
  const leaderLives = await isAlive(leader);
  // The kernel gives no new process the number of a group that still has members. Therefore the group is ours when no process has
  // that number, and it is not ours when another process has it.
  const ours = leaderLives || !(await identityOf(leader.pid));
  if (!ours || !groupExists(leader.pid)) return false;
  if (leaderLives) process.kill(leader.pid, 'SIGTERM');
  else signalGroup(leader.pid, 'SIGINT');
  if (!(await groupEnds(leader.pid))) {
    killGroup(leader.pid);
    await groupEnds(leader.pid);
  }
  return true;
}

async function groupEnds(pid: number): Promise<boolean> {
  const end = Date.now() + PATIENCE_MS;
  while (groupExists(pid)) {
    if (Date.now() > end) return false;
    await sleep(50);
  }
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
