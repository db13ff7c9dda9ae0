import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf, type RunningProcess } from '../support/processes-of.ts';

/** A process that was told to end may need that long for it. */
const ENDING_MS = 5_000;

/**
 * Kills every process that belongs to a run of the tests, and says which they were. Of those that end by themselves within
 * seconds nothing is said.
 */
export async function sweepProcesses(folder: string): Promise<string[]> {
  if (process.platform !== 'linux') return [];
  const end = Date.now() + ENDING_MS;
  let found = await processesOf(folder);
  while (found.length > 0 && Date.now() < end) {
    await sleep(200);
    found = await processesOf(folder);
  }
  for (const { pid } of found) kill(pid);
  return found.map(({ pid, command }: RunningProcess) => `process ${pid}: ${command.slice(0, 200)}`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended meanwhile.
  }
}
