import { endContainer } from './end-container.ts';
import { isDockerError } from './errors.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { noteOver } from './sandbox-folder.ts';
import { stateOfSandbox } from './sandbox-listing.ts';
import { relayUidOf } from './sandbox-names.ts';
import { unpauseSandbox } from './sandbox-states.ts';
import { askStarter } from './starter.ts';

const ATTEMPTS = 2;
const KILL_MS = 6_000;

type Said = Readonly<Record<string, unknown>>;

/**
 * Ends every process of the agent's user, and what lives on without a process: shared memory and message queues. Returns
 * when none is left. A stopped sandbox has none. In a paused one they cannot be ended: `SandboxNotRunning`.
 *
 * The program that does it runs as that user too and may be hindered by it. A sandbox whose agent does so is ended as a
 * whole, because nothing of one turn may live on into the next.
 */
export async function killAgent(context: SandboxContext, id: string, uid: number): Promise<void> {
  await cleanOrEnd(context, id, { uid, verb: 'kill', isClean: ({ left }) => left === 0 });
}

/**
 * Ends every process of the relay's user but the first one and the relay. There should be none. A process that is found
 * came in by a hole, and could use the proxy's socket in the name of the next requester. The sandbox is ended as a whole
 * when such a process does not end, or when the relay is not the image's.
 */
async function sweepRelay(context: SandboxContext, id: string, uid: number): Promise<void> {
  const isClean = ({ left, relay }: Said) => left === 0 && relay === true;
  await cleanOrEnd(context, id, { uid: relayUidOf(uid), verb: 'sweep', isClean });
}

interface Cleaning {
  /** Who cleans: only a user's own processes can be ended by it. */
  readonly uid: number;
  readonly verb: 'kill' | 'sweep';
  readonly isClean: (said: Said) => boolean;
}

async function cleanOrEnd(context: SandboxContext, id: string, { uid, verb, isClean }: Cleaning): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      if (isClean(await askStarter({ ...context, id, uid, args: [verb], timeoutMs: KILL_MS }))) return;
    } catch (error) {
      const notRunning = isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning');
      if (notRunning && (await stateOfSandbox(context, id)) !== 'paused') return;
      if (!isDockerError(error, 'ExecFailed') && !isDockerError(error, 'ExecTimeout')) throw error;
    }
  }
  await endContainer(context, id);
}

export interface EndingContext extends SandboxContext {
  /** Folder of the sandboxes' folders. */
  readonly runDir: string;
}

/**
 * Ends a turn inside its sandbox: no process of the agent's user is left, and none of the relay's user but the relay.
 *
 * An order that is still on its way could start its command after everything was killed:
 * 1. The sandbox's folder gets a note that this turn is over.
 * 2. A starter that reads the note refuses the command.
 * 3. A starter that looked before the note was there is a process already, and is killed with the others.
 * Therefore nothing of the turn starts after this has returned.
 */
export async function endTurn(context: EndingContext, id: string, uid: number, turn: number): Promise<void> {
  await noteOver(context.runDir, id, turn);
  const clean = () => Promise.all([killAgent(context, id, uid), sweepRelay(context, id, uid)]);
  try {
    await clean();
  } catch (error) {
    if (!isDockerError(error, 'SandboxNotRunning')) throw error;
    await unpauseSandbox(context, id);
    await clean();
  }
}
