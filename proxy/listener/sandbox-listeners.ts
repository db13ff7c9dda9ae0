import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { ControlError, type ListenerView } from '../control/protocol.ts';

/** Node silently cuts longer paths and would listen somewhere else. unix(7) allows 108 bytes, the NUL included. */
const PATH_LIMIT = 100;
/** For clients that know of the proxy. */
const SOCKET_NAME = 'proxy.sock';
/** For clients that know of none (direct-connections.ts). One byte longer; the limit above leaves room for it. */
const DIRECT_SOCKET_NAME = 'direct.sock';

export interface SandboxListeners {
  ensure(sandbox: string, relayUid: number): Promise<ListenerView>;
  remove(sandbox: string): Promise<void>;
  has(sandbox: string): boolean;
  list(): ListenerView[];
  /** Listens again for every sandbox that had a socket when an earlier process ended. */
  restore(): Promise<void>;
  /** Accepts nothing more. Open connections go on. Folders and the remembered users stay for the next process. */
  stop(): void;
}

export interface SandboxListenersOptions {
  /** `BELLHOP_RUN_DIR`. Its mode is set to 0700, so that no other user of the machine reaches a socket in it. */
  readonly runDir: string;
  /** Remembers which user each socket belongs to. */
  readonly stateDir: string;
  readonly onConnection: (sandbox: string, socket: Socket) => void;
  /** A connection of a client that knows of no proxy. */
  readonly onDirectConnection: (sandbox: string, socket: Socket) => void;
  /** Something an operator should know, in words. */
  readonly warn: (message: string) => void;
}

/**
 * Two unix sockets for each sandbox. The socket says which sandbox a request is from, so a sandbox cannot claim to be
 * another one.
 */
export function createSandboxListeners(options: SandboxListenersOptions): SandboxListeners {
  const { runDir, stateDir, onConnection, onDirectConnection, warn } = options;
  const servers = new Map<string, { both: readonly Server[]; relayUid: number }>();
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  chmodSync(runDir, 0o700);
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });

  const folderOf = (sandbox: string) => path.join(runDir, sandbox);
  const memoryOf = (sandbox: string) => path.join(stateDir, sandbox);
  const viewOf = (sandbox: string): ListenerView => ({
    sandbox,
    folder: folderOf(sandbox),
    socket: path.join(folderOf(sandbox), SOCKET_NAME),
  });

  /**
   * Gives the socket to the relay's user with mode 0600. A process that may not change owners uses mode 0666 instead;
   * `runDir` still keeps other users of the machine out.
   */
  function handOver(socket: string, relayUid: number): void {
    chmodSync(socket, 0o600);
    if (relayUid === process.getuid?.()) return;
    try {
      chownSync(socket, relayUid, -1);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error;
      warn(`not allowed to give ${socket} to user ${relayUid}; every user of that sandbox may connect to it`);
      chmodSync(socket, 0o666);
    }
  }

  async function listenOn(socket: string, relayUid: number, server: Server): Promise<void> {
    rmSync(socket, { force: true });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, resolve);
    });
    handOver(socket, relayUid);
  }

  async function ensure(sandbox: string, relayUid: number): Promise<ListenerView> {
    const view = viewOf(sandbox);
    if (Buffer.byteLength(view.socket) > PATH_LIMIT) {
      throw new ControlError(
        'path_too_long',
        `${view.socket} is longer than ${PATH_LIMIT} bytes: use a shorter BELLHOP_RUN_DIR`,
      );
    }
    const direct = path.join(view.folder, DIRECT_SOCKET_NAME);
    const known = servers.get(sandbox);
    if (known?.relayUid === relayUid && existsSync(view.socket) && existsSync(direct)) return view;
    for (const server of known?.both ?? []) server.close();

    mkdirSync(view.folder, { recursive: true });
    chmodSync(view.folder, 0o755);
    const options = { allowHalfOpen: true, pauseOnConnect: false };
    const proxied = createServer(options, (socket) => onConnection(sandbox, socket));
    const unproxied = createServer(options, (socket) => onDirectConnection(sandbox, socket));
    servers.set(sandbox, { both: [proxied, unproxied], relayUid });
    await Promise.all([listenOn(view.socket, relayUid, proxied), listenOn(direct, relayUid, unproxied)]);
    writeFileSync(memoryOf(sandbox), String(relayUid), { mode: 0o600 });
    return view;
  }

  return {
    ensure,
    async remove(sandbox) {
      const known = servers.get(sandbox);
      servers.delete(sandbox);
      for (const server of known?.both ?? []) server.close();
      rmSync(folderOf(sandbox), { recursive: true, force: true });
      rmSync(memoryOf(sandbox), { force: true });
    },
    has: (sandbox) => servers.has(sandbox),
    list: () => [...servers.keys()].map(viewOf),
    async restore() {
      for (const sandbox of readdirSync(stateDir)) {
        const relayUid = Number(readFileSync(memoryOf(sandbox), 'utf8'));
        if (existsSync(folderOf(sandbox)) && Number.isInteger(relayUid)) await ensure(sandbox, relayUid);
        else rmSync(memoryOf(sandbox), { force: true });
      }
    },
    stop() {
      for (const { both } of servers.values()) for (const server of both) server.close();
      servers.clear();
    },
  };
}
