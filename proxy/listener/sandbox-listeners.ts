import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { ControlError, type ListenerView } from '../control/protocol.ts';

/** Node cuts longer paths without a word, and then listens somewhere else (unix(7): 108 bytes with the NUL). */
const PATH_LIMIT = 100;
const SOCKET_NAME = 'proxy.sock';

export interface SandboxListeners {
  ensure(sandbox: string, relayUid: number): Promise<ListenerView>;
  remove(sandbox: string): Promise<void>;
  has(sandbox: string): boolean;
  list(): ListenerView[];
  /** Listens again for every sandbox that had a socket when an earlier process ended. */
  restore(): Promise<void>;
  /** Stops accepting everywhere; open connections live on. Folders and what is remembered stay for the next process. */
  stop(): void;
}

export interface SandboxListenersOptions {
  /** `BELLHOP_RUN_DIR`: made and kept at 0700, so that no other user of the machine reaches a socket in it. */
  readonly runDir: string;
  /** Remembers which user each socket belongs to. */
  readonly stateDir: string;
  readonly onConnection: (sandbox: string, socket: Socket) => void;
  /** Something an operator should know, in words. */
  readonly warn: (message: string) => void;
}

/** One unix socket for each sandbox: which one a request came in on is whose request it is. */
export function createSandboxListeners(options: SandboxListenersOptions): SandboxListeners {
  const { runDir, stateDir, onConnection, warn } = options;
  const servers = new Map<string, { server: Server; relayUid: number }>();
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

  /** 0600 for the relay. Without the right to give files away: 0666 in a folder that only this user can reach. */
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

  async function ensure(sandbox: string, relayUid: number): Promise<ListenerView> {
    const view = viewOf(sandbox);
    if (Buffer.byteLength(view.socket) > PATH_LIMIT) {
      throw new ControlError(
        'path_too_long',
        `${view.socket} is longer than ${PATH_LIMIT} bytes: use a shorter BELLHOP_RUN_DIR`,
      );
    }
    const known = servers.get(sandbox);
    if (known?.relayUid === relayUid && existsSync(view.socket)) return view;
    known?.server.close();

    mkdirSync(view.folder, { recursive: true });
    chmodSync(view.folder, 0o755);
    rmSync(view.socket, { force: true });
    const server = createServer({ allowHalfOpen: true, pauseOnConnect: false }, (socket) =>
      onConnection(sandbox, socket),
    );
    servers.set(sandbox, { server, relayUid });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(view.socket, resolve);
    });
    handOver(view.socket, relayUid);
    writeFileSync(memoryOf(sandbox), String(relayUid), { mode: 0o600 });
    return view;
  }

  return {
    ensure,
    async remove(sandbox) {
      const known = servers.get(sandbox);
      servers.delete(sandbox);
      known?.server.close();
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
      for (const { server } of servers.values()) server.close();
      servers.clear();
    },
  };
}
