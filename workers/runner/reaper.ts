import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { BUILD_PREFIX } from '../../activities/environments.ts';
import type { KeyedLock } from '../../activities/keyed-lock.ts';
import type { SessionId } from '../../contracts/ids.ts';
import type { SandboxRuntime } from '../../docker/sandbox.ts';
import type { ProxyControl } from '../../proxy/control-client.ts';
import type { Database } from '../../store/database.ts';
import {
  claimForReaper,
  expiredWorkspaces,
  forgetExpiredWorkspace,
  freeForgottenPlaces,
  heldBy,
  noteReaped,
  sandboxById,
  sandboxesById,
} from '../../store/sandboxes.ts';
import { isSessionOpen } from '../is-session-open.ts';

export interface ReaperDependencies {
  readonly runner: string;
  readonly runtime: Pick<SandboxRuntime, 'list' | 'listVolumes' | 'remove' | 'removeVolume'>;
  readonly proxy: Pick<ProxyControl, 'removeListener' | 'listeners'>;
  readonly client: Client;
  readonly database: Database;
  /** The runner's own: what is being brought up is not removed under it. */
  readonly lock: KeyedLock;
  readonly retentionHours: number;
  readonly log: Logger;
}

/** How long Temporal may take to say that it is there. */
const ASK_MS = 5_000;

/**
 * One round: frees places of turns that ended without giving them back, and removes containers, sockets and rows whose
 * workflow is closed, and workspaces past retention. A workflow that was terminated runs no clean-up of its own. While
 * Temporal cannot be asked, nothing is removed. What seems to be left over is looked at again under its lock, because it
 * may be coming up at this moment.
 */
export async function reap(dependencies: ReaperDependencies): Promise<void> {
  const { client, log, database, runner } = dependencies;
  for (const sandbox of await freeForgottenPlaces(database, runner)) {
    log.info({ sandbox }, 'freed the place of a turn that had ended without giving it back');
  }
  const { namespace } = client.options;
  await client.withDeadline(Date.now() + ASK_MS, () => client.workflowService.describeNamespace({ namespace }));
  const work = [
    ...(await findSuspects(dependencies)).map((suspect) => () => removeOne(dependencies, suspect)),
    ...(await findExpired(dependencies)).map((suspect) => () => removeExpired(dependencies, suspect)),
  ];
  for (const each of work) {
    // When one cannot be removed, the others still are.
    await each().catch((error: unknown) => log.warn({ err: error }, 'the reaper could not remove something'));
  }
}

interface Suspect {
  readonly id: string;
  /** Null for a socket of which nothing else is known. */
  readonly session: SessionId | null;
}

/** Whatever is here of a sandbox beside the workspace of one that was put away. */
async function findSuspects({ proxy, database, runtime, runner }: ReaperDependencies): Promise<Suspect[]> {
  const [listeners, volumes] = await Promise.all([proxy.listeners(), runtime.listVolumes()]);
  const seen = [...listeners.map(({ sandbox }) => sandbox), ...volumes.map(({ id }) => id)];
  const known = [...(await heldBy(database, runner)), ...(await sandboxesById(database, runner, seen))];
  const rows = new Map(known.map((row) => [row.id, row]));
  const ofRunner = (found: readonly { id: string; session: string; runner: string }[]) =>
    found.filter((each) => each.runner === runner).map(({ id, session }) => ({ id, session: session as SessionId }));
  const suspects = [
    // A build ends its own, and a runner that begins ends those of the one before it.
    ...listeners
      .filter(({ sandbox }) => !sandbox.startsWith(BUILD_PREFIX))
      .map(({ sandbox }) => ({ id: sandbox, session: rows.get(sandbox)?.session ?? null })),
    ...[...rows.values()].filter(({ state }) => state !== 'removed'),
    ...ofRunner(volumes).filter(({ id }) => !rows.get(id)?.hasWorkspace),
    ...ofRunner(await runtime.list()),
  ];
  return [...new Map(suspects.map(({ id, session }) => [id, { id, session }])).values()];
}

async function removeOne(dependencies: ReaperDependencies, suspect: Suspect): Promise<void> {
  const { lock, runtime, proxy, database, client, log } = dependencies;
  const { id } = suspect;
  if (suspect.session !== null && (await isSessionOpen(client, suspect.session))) return;
  await lock(id, async () => {
    const row = await sandboxById(database, id);
    const session = row?.session ?? suspect.session;
    // The claim, and a second look under the lock: the session may have woken up meanwhile.
    if (row && !(await claimForReaper(database, id))) return;
    if (session !== null && (await isSessionOpen(client, session))) return;
    await runtime.remove(id);
    await proxy.removeListener(id);
    if (row) await noteReaped(database, id);
    // Nobody's workspace: its sandbox never ran, or was placed anew elsewhere, or its time was up.
    if (!row?.hasWorkspace) await runtime.removeVolume(id);
    log.info({ sandbox: id, session }, 'removed what was left of a sandbox whose workflow is closed');
  });
}

function findExpired({ database, runner, retentionHours }: ReaperDependencies): Promise<readonly Suspect[]> {
  return expiredWorkspaces(database, runner, retentionHours);
}

async function removeExpired(dependencies: ReaperDependencies, { id, session }: Suspect): Promise<void> {
  const { lock, runtime, database, client, retentionHours, log } = dependencies;
  if (session !== null && (await isSessionOpen(client, session))) return;
  await lock(id, async () => {
    // The row forgets it first: a session that wakes up now begins with an empty workspace.
    if (!(await forgetExpiredWorkspace(database, id, retentionHours))) return;
    await runtime.removeVolume(id);
    log.info({ sandbox: id, session }, 'removed a workspace past its retention');
  });
}
