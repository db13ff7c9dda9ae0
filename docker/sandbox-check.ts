import { DockerError, isDockerError } from './errors.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { relayUidOf, SOCKET_NAMES } from './sandbox-names.ts';
import { askStarter } from './starter.ts';

/**
 * - `ours`: the image's relay answers, and nothing else runs as its user.
 * - `silent`: the image's relay runs and does not answer.
 * - `foreign`: something else runs in its place or beside it. Such a sandbox is not used.
 */
export type RelayState = 'ours' | 'silent' | 'foreign';

export interface InsideView {
  readonly incarnation: string;
  readonly relay: RelayState;
  /** The folder the container has mounted is the one that is there now. */
  readonly folder: boolean;
  readonly sockets: number;
}

/** The end of a turn may come at the same time; it ends every program of the relay's user, this look too. */
const ATTEMPTS = 3;

/**
 * Waits until the relay answers, and looks at what the sandbox is from inside, as the relay's user: what runs as that user,
 * and what can be seen of the host, which is its own sockets.
 *
 * @param uid the agent's user
 * @throws DockerError `SandboxSeesOthers`; what `askStarter` throws
 */
export async function lookInside(
  context: SandboxContext,
  id: string,
  uid: number,
  options: { readonly waitMs: number },
): Promise<InsideView> {
  const seen = await ask(context, id, relayUidOf(uid), options.waitMs);
  const names = Array.isArray(seen.sockets) ? seen.sockets.map(String) : [];
  const count = Number(seen.socketCount);
  if (count !== names.length || names.some((name) => !SOCKET_NAMES.has(name))) {
    throw new DockerError(
      'SandboxSeesOthers',
      `sandbox ${id} sees ${count} sockets (${names.slice(0, 3).join(', ')}) where only its own may be: the engine does not keep folders apart`,
    );
  }
  return {
    incarnation: String(seen.incarnation ?? ''),
    relay: relayStateOf(seen),
    folder: seen.folder === true,
    sockets: count,
  };
}

function relayStateOf({ answers, relays, strangers }: Readonly<Record<string, unknown>>): RelayState {
  if (relays !== 1 || strangers !== 0) return 'foreign';
  return answers === true ? 'ours' : 'silent';
}

async function ask(context: SandboxContext, id: string, uid: number, waitMs: number) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await askStarter({ ...context, id, uid, args: ['check', String(waitMs)], timeoutMs: waitMs + 10_000 });
    } catch (error) {
      if (!isDockerError(error, 'ExecFailed') || attempt === ATTEMPTS) throw error;
    }
  }
}
