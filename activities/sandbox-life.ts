import { setTimeout as delay } from 'node:timers/promises';
import type { RunnerActivities, SandboxInput } from '../contracts/activities.ts';
import type { Fence } from '../contracts/fence.ts';
import type { SessionId } from '../contracts/ids.ts';
import { isDockerError } from '../docker/errors.ts';
import type { SandboxRuntime } from '../docker/sandbox.ts';
import type { ProxyControl } from '../proxy/control-client.ts';
import { type Database, inTransaction } from '../store/database.ts';
import { isSettled, noteRest, noteSettled } from '../store/sandboxes.ts';
import { getSession } from '../store/sessions.ts';
import { stillRests } from '../store/turn-fence.ts';
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
  /** Puts resting sandboxes away when this runner holds more containers than it has places. */
  readonly makeRoom: () => Promise<void>;
}

type SandboxLife = Pick<RunnerActivities, 'provisionSandbox' | 'settleSandbox' | 'pauseSandbox' | 'removeSandbox'>;

/** A stop is felt within two seconds. */
const CLOSE_WITHIN_MS = 1_000;

/** What becomes of a sandbox from its first start to its removal. Every activity here may be repeated. */
export function createSandboxLife(dependencies: SandboxLifeDependencies): SandboxLife {
  const { runtime, proxy, database, guard, bringUp, lock, makeRoom } = dependencies;
  const alone = (sandbox: string, work: () => Promise<void>) => whileBeating({ sandbox }, () => lock(sandbox, work));

  /**
   * 1. A late attempt to pause or remove waits for the sandbox's lock, and so does what brings it up for the next turn.
   * 2. The turn has begun before it is brought up, so a late attempt that comes after it sees the higher fence.
   * 3. One that comes before it is done before it, and the sandbox is made to run again after it.
   * 4. What became of the sandbox is written under the fence once more, because the turn may have begun meanwhile.
   * Therefore a late attempt takes neither the sandbox nor the place from a turn that works in it.
   */
  const rests = (session: SessionId, fence: Fence) => inTransaction(database, (db) => stillRests(db, session, fence));
  const note = ({ session, fence, sandbox }: SandboxInput, state: 'paused' | 'removed') =>
    inTransaction(database, async (db) => {
      if (await stillRests(db, session, fence)) await noteRest(db, sandbox, state);
    });

  return {
    provisionSandbox: (input) =>
      whileBeating({ sandbox: input.sandbox }, async () => {
        await makeRoom();
        const { created, agentUid } = await bringUp(input);
        void runtime.prepare(input.sandbox, agentUid);
        return { created };
      }),

    async settleSandbox({ session, turn, sandbox }) {
      const closed = closeLease(proxy, sandbox, turn);
      // Under the lock that `bringUp` takes. Therefore a command that comes late finds the turn settled, or has started
      // before and is ended here.
      await alone(sandbox, async () => {
        // 1. This attempt freezes before it has the lock, and another one settles the turn, or `bringUp` of the next turn does.
        // 2. The next turn starts a command.
        // 3. This attempt wakes up. It would end that command, for both turns have the same user.
        // Therefore it looks, under the lock, whether its turn is settled already.
        if (await isSettled(database, sandbox, turn)) return;
        guard.end(sandbox);
        const { agentUid } = await getSession(database, session);
        await runtime.endTurn(sandbox, agentUid, turn);
        await noteSettled(database, sandbox, turn);
      });
      await closed;
    },

    pauseSandbox: (input) =>
      alone(input.sandbox, async () => {
        const { session, fence, sandbox } = input;
        if (!(await rests(session, fence))) return;
        await runtime.pause(sandbox).catch(unlessGone);
        await note(input, 'paused');
      }),

    removeSandbox: (input) =>
      alone(input.sandbox, async () => {
        const { session, fence, sandbox } = input;
        if (!(await rests(session, fence))) return;
        await runtime.remove(sandbox);
        await proxy.removeListener(sandbox);
        await note(input, 'removed');
      }),
  };
}

/** Does not insist: a proxy that is away lets nothing out, and `streamEgress` renews no lease of a settled turn. */
async function closeLease(proxy: ProxyControl, sandbox: string, turn: number): Promise<void> {
  const closed = proxy.closeLease(sandbox, turn).catch(() => undefined);
  await Promise.race([closed, delay(CLOSE_WITHIN_MS, undefined, { ref: false })]);
}

/** What is gone needs no pause. */
function unlessGone(error: unknown): void {
  if (isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning')) return;
  throw error;
}
