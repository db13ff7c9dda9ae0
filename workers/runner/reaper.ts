import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { KeyedLock } from '../../activities/keyed-lock.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { SandboxRuntime } from '../../docker/sandbox.ts';
import type { ProxyControl } from '../../proxy/control-client.ts';
import type { Database } from '../../store/database.ts';
import {
  claimForReaper,
  expiredWorkspaces,
  forgetWorkspace,
  sandboxesOf,
  setSandboxState,
} from '../../store/sandboxes.ts';
import { isSessionOpen } from '../is-session-open.ts';

export interface ReaperDependencies {
  readonly runner: string;
  readonly runtime: Pick<SandboxRuntime, 'list' | 'remove' | 'removeVolume'>;
  readonly proxy: Pick<ProxyControl, 'removeListener' | 'listeners'>;
  readonly client: Client;
  readonly database: Database;
  /** The runner's own: a sandbox that is being provisioned is not removed under it. */
  readonly lock: KeyedLock;
  readonly retentionHours: number;
  readonly log: Logger;
}

/**
 * One round: removes containers and sockets whose workflow is closed, and workspaces past retention. A workflow that
 * was terminated runs no clean-up of its own, so somebody has to look. While Temporal cannot be asked, the round fails
 * before it removes anything.
 */
export async function reap(dependencies: ReaperDependencies): Promise<void> {
  const { runtime, proxy, database, runner } = dependencies;
  const rows = new Map((await sandboxesOf(database, runner)).map((row) => [row.id, row]));
  const containers = (await runtime.list()).filter((sandbox) => sandbox.runner === runner);
  for (const { id, session } of containers) {
    if (await isSessionOpen(dependencies.client, session as SessionId)) continue;
    await removeOne(dependencies, id, session as SessionId, rows.has(id));
  }
  await forgetVanished(dependencies, new Set(containers.map(({ id }) => id)));
  await removeStraySockets(proxy, new Set(containers.map(({ id }) => id)), rows);
  await removeExpired(dependencies);
}

async function removeOne(
  dependencies: ReaperDependencies,
  id: string,
  session: SessionId,
  known: boolean,
): Promise<void> {
  const { lock, runtime, proxy, database, log } = dependencies;
  await lock(id, async () => {
    // The claim, and a second look under the lock: the session may have woken up meanwhile.
    if (known && !(await claimForReaper(database, id))) return;
    if (await isSessionOpen(dependencies.client, session)) return;
    await runtime.remove(id);
    await proxy.removeListener(id);
    if (known) await setSandboxState(database, id, 'removed');
    // A sandbox that was placed anew elsewhere has no row here any more: its workspace is nobody's.
    else await runtime.removeVolume(id);
    log.info({ sandbox: id, session }, 'removed a sandbox whose workflow is closed');
  });
}

/** A container that went away with its engine is not running, whatever its row says. */
async function forgetVanished(
  { database, runner, lock }: ReaperDependencies,
  alive: ReadonlySet<string>,
): Promise<void> {
  for (const { id, state } of await sandboxesOf(database, runner)) {
    if (alive.has(id) || state === 'removed' || state === 'placed') continue;
    await lock(id, async () => {
      if (await claimForReaper(database, id)) await setSandboxState(database, id, 'removed');
    });
  }
}

async function removeStraySockets(
  proxy: ReaperDependencies['proxy'],
  alive: ReadonlySet<string>,
  rows: ReadonlyMap<string, { readonly state: string }>,
): Promise<void> {
  for (const { sandbox } of await proxy.listeners()) {
    const state = rows.get(sandbox)?.state ?? 'removed';
    if (!alive.has(sandbox) && state === 'removed') await proxy.removeListener(sandbox);
  }
}

async function removeExpired({ database, runner, runtime, retentionHours, lock, log }: ReaperDependencies) {
  for (const { id, session } of await expiredWorkspaces(database, runner, retentionHours)) {
    await lock(id, async () => {
      if (!(await claimForReaper(database, id))) return;
      await runtime.removeVolume(id);
      await forgetWorkspace(database, id);
      log.info({ sandbox: id, session }, 'removed a workspace past its retention');
    });
  }
}
