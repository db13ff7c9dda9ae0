import { endContainer } from './end-container.ts';
import { isDockerError } from './errors.ts';
import { askInSandbox, type SandboxContext } from './sandbox-context.ts';
import { stateOfSandbox } from './sandbox-listing.ts';
import { relayUidOf, sandboxName } from './sandbox-names.ts';
import { unpauseContainer } from './sandbox-states.ts';

const ATTEMPTS = 2;
const KILL_MS = 6_000;

/**
 * Ends every process of the agent's user. Returns when none is left; a stopped sandbox has none. In a paused one they
 * cannot be ended: `SandboxNotRunning`. The killer is started as that user and may be hindered by it; a sandbox whose
 * agent does so is ended as a whole, because nothing of one turn may live on into the next.
 */
export async function killAgent(context: SandboxContext, id: string, uid: number): Promise<void> {
  await kill(context, id, uid);
}

/**
 * The same at the end of a turn. An order that is still on its way would start its command after everything was
 * killed, and nobody outside knows how far it has come: so the sandbox itself refuses commands of this turn from here on.
 * It keeps a note of that, made before the killing: who has not read it yet is refused, who read it before is killed.
 */
export async function endTurn(context: SandboxContext, id: string, uid: number, turn: number): Promise<void> {
  try {
    await kill(context, id, uid, turn);
  } catch (error) {
    if (!isDockerError(error, 'SandboxNotRunning')) throw error;
    await unpauseContainer(context.engine.docker.getContainer(sandboxName(context.installation, id)), id);
    await kill(context, id, uid, turn);
  }
}

async function kill(context: SandboxContext, id: string, uid: number, turn?: number): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const noted = turn === undefined || (await noteOver(context, id, uid, turn));
      const said = await askInSandbox(context, id, { uid, args: ['kill'], timeoutMs: KILL_MS });
      if (noted && said.left === 0) return;
    } catch (error) {
      const notRunning = isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning');
      if (notRunning && (await stateOfSandbox(context, id)) !== 'paused') return;
      if (!isDockerError(error, 'ExecFailed') && !isDockerError(error, 'ExecTimeout')) throw error;
    }
  }
  await endContainer(context, id);
}

/** Made as the relay's user, in a folder of the relay's: no agent can end its own turn, nor keep one from ending. */
async function noteOver(context: SandboxContext, id: string, uid: number, turn: number): Promise<boolean> {
  const call = { uid: relayUidOf(uid), args: ['over', String(turn)], timeoutMs: KILL_MS };
  return (await askInSandbox(context, id, call)).over === true;
}
