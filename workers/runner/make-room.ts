import type { Logger } from 'pino';
import type { KeyedLock } from '../../activities/keyed-lock.ts';
import type { SandboxRuntime } from '../../docker/sandbox.ts';
import type { ProxyControl } from '../../proxy/control-client.ts';
import type { Database } from '../../store/database.ts';
import { claimRested, countHeld, restedLongest } from '../../store/sandboxes.ts';

export interface MakeRoomDependencies {
  readonly runner: string;
  /** How many sandboxes this runner may have. */
  readonly capacity: number;
  readonly runtime: Pick<SandboxRuntime, 'remove'>;
  readonly proxy: Pick<ProxyControl, 'removeListener'>;
  readonly database: Database;
  /** The runner's own: a sandbox that is being woken is not put away at that moment. */
  readonly lock: KeyedLock;
  readonly log: Logger;
}

/** Under this key of the lock one at a time makes room: two that count at once would both put the same number away. */
const ROOM = 'room';

/** A tenth of the places, and at least one: so many are kept free ahead of need. */
export function spareOf(capacity: number): number {
  return Math.max(1, Math.floor(capacity / 10));
}

/**
 * Puts sandboxes away that only rest, those first that have rested longest, until `spare` places have no container. Their
 * files stay, and the next message brings them back. A sandbox that a turn works in is never touched.
 *
 * Never call this while holding the lock of a sandbox: it waits for the locks of others.
 */
export async function makeRoom(dependencies: MakeRoomDependencies, spare: number): Promise<void> {
  const { runner, capacity, database, lock, log } = dependencies;
  const tooMany = async () => (await countHeld(database, runner)) + spare - capacity;
  if ((await tooMany()) <= 0) return;
  await lock(ROOM, async () => {
    const over = await tooMany();
    if (over <= 0) return;
    const rested = await restedLongest(database, runner, over);
    await Promise.all(
      rested.map((id) =>
        putAway(dependencies, id).catch((error: unknown) =>
          log.warn({ err: error, sandbox: id }, 'a resting sandbox could not be put away'),
        ),
      ),
    );
  });
}

function putAway({ runtime, proxy, database, lock, log }: MakeRoomDependencies, id: string): Promise<void> {
  return lock(id, async () => {
    if (!(await claimRested(database, id))) return;
    await runtime.remove(id);
    await proxy.removeListener(id);
    log.info({ sandbox: id }, 'put a resting sandbox away to make room');
  });
}
