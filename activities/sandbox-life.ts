import { setTimeout as delay } from 'node:timers/promises';
import type { RunnerActivities } from '../contracts/activities.ts';
import { isDockerError } from '../docker/errors.ts';
import type { SandboxRuntime } from '../docker/sandbox.ts';
import type { ProxyControl } from '../proxy/control-client.ts';
import type { Database } from '../store/database.ts';
import { isSettled, noteSettled, setSandboxState } from '../store/sandboxes.ts';
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
  /** Shared with `bringUp` and the reaper. */
  readonly lock: KeyedLock;
}

type SandboxLife = Pick<RunnerActivities, 'provisionSandbox' | 'settleSandbox' | 'pauseSandbox' | 'removeSandbox'>;

/** A stop is felt within two seconds. */
const CLOSE_WITHIN_MS = 1_000;

/** A sandbox from its first start to its removal. Every activity here may be repeated. */
export function createSandboxLife(dependencies: SandboxLifeDependencies): SandboxLife {
  const { runtime, proxy, database, guard, bringUp, lock } = dependencies;
  const alone = (sandbox: string, work: () => Promise<void>) => whileBeating({ sandbox }, () => lock(sandbox, work));

  return {
    provisionSandbox: ({ session, turn, sandbox }) =>
      whileBeating({ sandbox }, async () => {
        const [{ created }, settled, { agentUid }] = await Promise.all([
          bringUp({ session, turn, sandbox }),
          isSettled(database, sandbox, turn - 1),
          getSession(database, session),
        ]);
        // A run that was terminated, or lost its runner, has left its processes to the next requester's turn.
        if (!settled) {
          await runtime.endTurn(sandbox, agentUid, turn - 1);
          await noteSettled(database, sandbox, turn - 1);
        }
        void runtime.prepare(sandbox, agentUid);
        return { created };
      }),

    async settleSandbox({ session, turn, sandbox }) {
      const closed = closeLease(proxy, sandbox, turn);
      // In one piece with what brings a sandbox up: a command that comes late finds it settled, or is ended with it.
      await alone(sandbox, async () => {
        guard.end(sandbox);
        const { agentUid } = await getSession(database, session);
        await runtime.endTurn(sandbox, agentUid, turn);
        await noteSettled(database, sandbox, turn);
      });
      await closed;
    },

    pauseSandbox: ({ sandbox }) =>
      alone(sandbox, async () => {
        await runtime.pause(sandbox).catch(unlessGone);
        await setSandboxState(database, sandbox, 'paused');
      }),

    removeSandbox: ({ sandbox }) =>
      alone(sandbox, async () => {
        await runtime.remove(sandbox);
        await proxy.removeListener(sandbox);
        await setSandboxState(database, sandbox, 'removed');
      }),
  };
}

/** A proxy that is away lets nothing out, and once the turn is settled `streamEgress` keeps no lease alive. */
async function closeLease(proxy: ProxyControl, sandbox: string, turn: number): Promise<void> {
  const closed = proxy.closeLease(sandbox, turn).catch(() => undefined);
  await Promise.race([closed, delay(CLOSE_WITHIN_MS, undefined, { ref: false })]);
}

/** What is gone needs no pause. */
function unlessGone(error: unknown): void {
  if (isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning')) return;
  throw error;
}
