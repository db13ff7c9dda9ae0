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
import type { PacedStarts } from './paced-starts.ts';
import type { WorkspaceGuard } from './workspace-guard.ts';

export interface SandboxLifeDependencies {
  readonly runtime: SandboxRuntime;
  readonly proxy: ProxyControl;
  readonly database: Database;
  readonly guard: WorkspaceGuard;
  readonly bringUp: BringUp;
  readonly pacedStarts: PacedStarts;
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
  const { runtime, proxy, database, guard, bringUp, pacedStarts, lock, makeRoom } = dependencies;
  const alone = (sandbox: string, work: () => Promise<void>) => whileBeating({ sandbox }, () => lock(sandbox, work));

  /**
   * Whether a sandbox may be paused or removed. Why a late attempt to do so takes nothing from a turn that works in the sandbox:
   * 1. The attempt waits for the sandbox's lock. So does `bringUp` for the next turn.
   * 2. The attempt gets the lock second. The next turn began before it was brought up, so the attempt sees the higher fence
   *    here and does nothing.
   * 3. The attempt gets the lock first. It pauses or removes the sandbox, and `bringUp` makes it run again.
   * 4. The next turn begins while the attempt works. So the fence is checked once more when the result is written (`note`).
   * Therefore a late attempt takes neither the sandbox nor the place from that turn.
   */
  const mayRest = (session: SessionId, fence: Fence) => inTransaction(database, (db) => stillRests(db, session, fence));
  const note = ({ session, fence, sandbox }: SandboxInput, state: 'paused' | 'removed') =>
    inTransaction(database, async (db) => {
      if (await stillRests(db, session, fence)) await noteRest(db, sandbox, state);
    });

  return {
    provisionSandbox: (input) =>
      whileBeating({ sandbox: input.sandbox }, async () => {
        await makeRoom();
        // `bringUp` takes the sandbox's lock only when its turn to start has come. Therefore nobody who holds the lock waits for a start.
        const { created, agentUid } = await pacedStarts(input.session, () => bringUp(input));
        void runtime.prepare(input.sandbox, agentUid);
        return { created };
      }),

    async settleSandbox({ session, turn, sandbox }) {
      const closed = closeLease(proxy, sandbox, turn);
      // `bringUp` takes the same lock, and a command starts only in a turn that is not settled. Therefore a command that comes
      // late finds the turn settled, or it has started before and is ended here.
      await alone(sandbox, async () => {
        // A late attempt must not end a command of the next turn:
        // 1. This attempt freezes before it has the lock. Another attempt settles the turn, or `bringUp` of the next turn does.
        // 2. The next turn starts a command.
        // 3. This attempt wakes up and gets the lock. Both turns have the same user, so it would end that command.
        // Therefore it looks first whether its turn is settled already.
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
        if (!(await mayRest(session, fence))) return;
        await runtime.pause(sandbox).catch(unlessGone);
        await note(input, 'paused');
      }),

    removeSandbox: (input) =>
      alone(input.sandbox, async () => {
        const { session, fence, sandbox } = input;
        if (!(await mayRest(session, fence))) return;
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
