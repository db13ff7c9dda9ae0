import type { RunnerActivities } from '../contracts/activities.ts';
import { isDockerError } from '../docker/errors.ts';
import type { SandboxRuntime } from '../docker/sandbox.ts';
import { ControlError, type ProxyControl } from '../proxy/control-client.ts';
import type { Database } from '../store/database.ts';
import { isSettledBefore, noteSettled, setSandboxState } from '../store/sandboxes.ts';
import { getSession } from '../store/sessions.ts';
import { whileBeating } from './beating.ts';
import type { BringUp } from './bring-up.ts';
import type { KeyedLock } from './keyed-lock.ts';
import type { WorkspaceGuard } from './workspace-guard.ts';

export interface SandboxLifeDependencies {
  readonly runtime: SandboxRuntime;
  readonly proxy: ProxyControl;
  readonly database: Database;
  readonly guard: WorkspaceGuard;
  readonly bringUp: BringUp;
  /** Shared with the reaper. */
  readonly lock: KeyedLock;
}

type SandboxLife = Pick<RunnerActivities, 'provisionSandbox' | 'settleSandbox' | 'pauseSandbox' | 'removeSandbox'>;

/** A sandbox from its first start to its removal. Every activity here may be repeated. */
export function createSandboxLife(dependencies: SandboxLifeDependencies): SandboxLife {
  const { runtime, proxy, database, guard, bringUp, lock } = dependencies;

  return {
    provisionSandbox: ({ session, turn, sandbox }) =>
      whileBeating({ sandbox }, async () => {
        const [{ created }, settled, { agentUid }] = await Promise.all([
          bringUp({ session, turn, sandbox }),
          isSettledBefore(database, sandbox, turn),
          getSession(database, session),
        ]);
        // A run that was terminated, or lost its runner, has left its processes to the next requester's turn.
        if (!created && !settled) await runtime.killAgent(sandbox, agentUid);
        void runtime.prepare(sandbox, agentUid);
        return { created };
      }),

    async settleSandbox({ session, turn, sandbox }) {
      guard.end(sandbox);
      const { agentUid } = await getSession(database, session);
      await Promise.all([
        runtime.killAgent(sandbox, agentUid).catch(unlessGone),
        proxy.closeLease(sandbox, turn).catch(unlessUnknown),
      ]);
      await noteSettled(database, sandbox, turn);
    },

    pauseSandbox: ({ sandbox }) =>
      lock(sandbox, async () => {
        await runtime.pause(sandbox).catch(unlessGone);
        await setSandboxState(database, sandbox, 'paused');
      }),

    removeSandbox: ({ sandbox }) =>
      lock(sandbox, async () => {
        await runtime.remove(sandbox);
        await proxy.removeListener(sandbox);
        await setSandboxState(database, sandbox, 'removed');
      }),
  };
}

/** What is gone needs no end. */
function unlessGone(error: unknown): void {
  if (isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning')) return;
  throw error;
}

function unlessUnknown(error: unknown): void {
  if (error instanceof ControlError && error.code === 'not_found') return;
  throw error;
}
