import { join } from 'node:path';
import { DockerError } from './errors.ts';

/** Labels on everything we make; by them, and only by them, an installation knows what is its own. */
export const LABELS = {
  installation: 'bellhop.installation',
  /** The folder of the installation's sockets: tells an operator which Bellhop of the machine this is. */
  folder: 'bellhop.folder',
  sandbox: 'bellhop.sandbox',
  session: 'bellhop.session',
  runner: 'bellhop.runner',
  image: 'bellhop.image',
} as const;

const NAME = /^[a-z0-9][a-z0-9_.-]{0,59}$/;

/**
 * `sun_path` holds 108 bytes with its end. Node cuts a longer path without an error and listens elsewhere, so we stop
 * well before.
 */
const MAX_SOCKET_PATH = 100;

/** The name of a sandbox's container and of its workspace volume. Several installations share one engine. */
export function sandboxName(installation: string, id: string): string {
  for (const part of [installation, id]) {
    if (!NAME.test(part)) {
      throw new DockerError(
        'SandboxNameInvalid',
        `"${part}": use 1 to 60 of a-z, 0-9, '_', '.', '-', and start with a letter or digit`,
      );
    }
  }
  return `bellhop-${installation}-${id}`;
}

/** The folder the sandbox sees as /run/bellhop. */
export function sandboxFolder(runDir: string, id: string): string {
  return join(runDir, id);
}

/** Every socket of the machine that a sandbox may see: the two on which the proxy listens for it alone (proxy/listener). */
export const SOCKET_NAMES: ReadonlySet<string> = new Set(['proxy.sock', 'direct.sock']);

/** The socket on which the proxy listens for this sandbox alone, for clients that know of a proxy. */
export function sandboxSocketPath(runDir: string, id: string): string {
  const path = join(sandboxFolder(runDir, id), 'proxy.sock');
  const length = Buffer.byteLength(path);
  if (length > MAX_SOCKET_PATH) {
    throw new DockerError(
      'SocketPathTooLong',
      `${path} has ${length} bytes; a socket's path may have ${MAX_SOCKET_PATH}. Set BELLHOP_RUN_DIR to a shorter folder.`,
    );
  }
  return path;
}

const RELAY_UID_BASE = 1_000_000_000;

/**
 * The user of a sandbox's relay: one of its own for each agent, because process limits count by user over all
 * containers, and because the agent must not be able to signal it. The proxy gives the socket to this user.
 */
export function relayUidOf(agentUid: number): number {
  if (!Number.isInteger(agentUid) || agentUid < 1_000 || agentUid >= RELAY_UID_BASE) {
    throw new DockerError('SandboxNameInvalid', `agent uid ${agentUid} is not between 1000 and ${RELAY_UID_BASE - 1}`);
  }
  return RELAY_UID_BASE + agentUid;
}
