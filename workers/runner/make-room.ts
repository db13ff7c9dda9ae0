import type { Logger } from 'pino';
import type { KeyedLock } from '../../activities/keyed-lock.ts';
import type { SandboxRuntime } from '../../docker/sandbox.ts';
import type { ProxyControl } from '../../proxy/control-client.ts';
import type { Database } from '../../store/database.ts';
import { claimRested, restedLongest, sandboxesOf } from '../../store/sandboxes.ts';

export interface MakeRoomDependencies {
  readonly runner: string;
  /** How many sandboxes this runner may have. */
  readonly capacity: number;
  readonly runtime: Pick<SandboxRuntime, 'remove'>;
  readonly proxy: Pick<ProxyControl, 'removeListener'>;
  readonly database: Database;
  /** The runner's own: one that is being woken is not put away under it. */
  readonly lock: KeyedLock;
  readonly log: Logger;
}

/**
 * Keeps a tenth of the places, and one at the least, free of sandboxes that only rest: those that have rested longest are
 * put away early, so that idle threads keep no new one waiting. Their files stay, and the next message brings them back.
 */
export async function makeRoom(dependencies: MakeRoomDependencies): Promise<void> {
  const { runner, capacity, database, log } = dependencies;
  const taken = (await sandboxesOf(database, runner)).filter(({ state }) => state !== 'removed').length;
  const spare = Math.max(1, Math.floor(capacity / 10));
  const over = taken + spare - capacity;
  if (over <= 0) return;
  for (const id of await restedLongest(database, runner, over)) {
    await putAway(dependencies, id).catch((error: unknown) =>
      log.warn({ err: error, sandbox: id }, 'no room was made'),
    );
  }
}

function putAway({ runtime, proxy, database, lock, log }: MakeRoomDependencies, id: string): Promise<void> {
  return lock(id, async () => {
    if (!(await claimRested(database, id))) return;
    await runtime.remove(id);
    await proxy.removeListener(id);
    log.info({ sandbox: id }, 'put a resting sandbox away to make room');
  });
}
