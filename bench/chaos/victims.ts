import { readFile } from 'node:fs/promises';
import { identityOf, isAlive, type ProcessIdentity } from '../../setup/host/process-identity.ts';
import type { Target } from './faults.ts';
import type { Site } from './site.ts';

/** Processes that are struck together. Empty while the target does not run. */
export type Victims = readonly ProcessIdentity[];

/** Programs that are not ours run below a guard, which is the process that `up` knows. */
const GUARDED: readonly Target[] = ['temporal', 'postgres'];

/**
 * The processes of a target, found by their numbers in what `up` writes of itself, never by a name. Of PostgreSQL and Temporal these
 * are the server itself, which comes first, and what it has started.
 */
export async function victimsOf({ up, model }: Pick<Site, 'up' | 'model'>, target: Target): Promise<Victims> {
  if (target === 'model') return identified([model.pid]);
  if (target === 'up') return identified([up.pid]);
  const processes = (await up.state())?.processes ?? [];
  const pids = processes.flatMap(({ pid }) => (pid === null ? [] : [pid]));
  if (target === 'everything') {
    const below = await Promise.all(pids.map(descendantsOf));
    // The one that would start the others again goes first.
    return identified([up.pid, ...pids, ...below.flat(), model.pid]);
  }
  const found = processes.find(({ name }) => name === target);
  if (!found?.pid || found.state !== 'running') return [];
  return identified(GUARDED.includes(target) ? await descendantsOf(found.pid) : [found.pid]);
}

/** A pid that has become another process meanwhile is left alone. */
export async function signal(victims: Victims, name: NodeJS.Signals): Promise<void> {
  for (const victim of victims) {
    if (!(await isAlive(victim))) continue;
    try {
      process.kill(victim.pid, name);
    } catch {
      // It has ended in this moment.
    }
  }
}

async function identified(pids: readonly number[]): Promise<Victims> {
  const found = await Promise.all(pids.filter((pid) => pid > 0).map(identityOf));
  return found.filter((identity) => identity !== undefined);
}

/** Parents before their children (proc_pid_children(5)). */
async function descendantsOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = text.split(' ').filter(Boolean).map(Number);
  const below = await Promise.all(children.map(descendantsOf));
  return [...children, ...below.flat()];
}
