import type { ProvisionInput } from '../contracts/activities.ts';
import { isDockerError } from '../docker/errors.ts';
import type { SandboxRuntime } from '../docker/sandbox.ts';
import { relayUidOf } from '../docker/sandbox-names.ts';
import type { ProxyControl } from '../proxy/control-client.ts';
import type { Database } from '../store/database.ts';
import { isSettled, setIncarnation, setSandboxState } from '../store/sandboxes.ts';
import { getSession } from '../store/sessions.ts';
import { failure, turnOver } from './failure.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { TellThread } from './tell-thread.ts';
import type { WorkspaceGuard } from './workspace-guard.ts';

export interface BringUpDependencies {
  readonly runner: string;
  readonly runtime: Pick<SandboxRuntime, 'provision'>;
  readonly proxy: Pick<ProxyControl, 'ensureListener'>;
  readonly database: Database;
  readonly tellThread: TellThread;
  readonly guard: WorkspaceGuard;
  /** Shared with the reaper and `settleSandbox`: nothing is removed or settled while it is being brought up. */
  readonly lock: KeyedLock;
  /** PEM text of what sandboxes trust: the system's roots and the proxy's own CA. */
  readonly caBundle: () => Promise<string>;
}

/** Makes a session's sandbox run, whatever became of it before, until its turn is settled. One that runs stays as it is. */
export type BringUp = (input: ProvisionInput) => Promise<{ readonly created: boolean }>;

export function createBringUp(dependencies: BringUpDependencies): BringUp {
  const { runner, runtime, proxy, database, tellThread, guard, lock, caBundle } = dependencies;
  return ({ session, turn, sandbox }) =>
    lock(sandbox, async () => {
      const [{ agentUid }, settled] = await Promise.all([
        getSession(database, session),
        isSettled(database, sandbox, turn),
      ]);
      if (settled) throw turnOver(turn);
      await proxy.ensureListener(sandbox, relayUidOf(agentUid)).catch(noListener);
      const made = await runtime
        .provision({ id: sandbox, session, runner, agentUid, caBundle: await caBundle() })
        .catch(async (error: unknown) => {
          if (!isDockerError(error, 'ImageMissing')) {
            throw failure('ProvisionFailed', messageOf(error), { cause: error });
          }
          await tellThread(session, `${session}/${turn}/image`, IMAGE_TEXT);
          throw failure('SandboxImageMissing', messageOf(error), { retryAfterMs: 2_000 });
        });
      // The way out may open only for a sandbox that sees its own socket and no other.
      if (made.sockets !== 1) throw failure('ProvisionFailed', `the sandbox sees ${made.sockets} sockets, not 1`);
      await setIncarnation(database, sandbox, made.incarnation);
      await setSandboxState(database, sandbox, 'running');
      await guard.begin(sandbox, agentUid);
      return { created: made.created };
    });
}

const IMAGE_TEXT = 'My sandbox image is still being built. I start by myself as soon as it is ready.';

function noListener(error: unknown): never {
  throw failure('ProvisionFailed', `the Agent Proxy does not listen for the sandbox: ${messageOf(error)}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
