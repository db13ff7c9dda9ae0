import { endContainer } from './end-container.ts';
import { isDockerError } from './errors.ts';
import { askInSandbox, type SandboxContext } from './sandbox-context.ts';
import { noteOver } from './sandbox-folder.ts';
import { stateOfSandbox } from './sandbox-listing.ts';
import { sandboxName } from './sandbox-names.ts';
import { unpauseContainer } from './sandbox-states.ts';

const ATTEMPTS = 2;
const KILL_MS = 6_000;

/**
 * Ends every process of the agent's user. Returns when none is left; a stopped sandbox has none. In a paused one they
 * cannot be ended: `SandboxNotRunning`. The killer is started as that user and may be hindered by it; a sandbox whose
 * agent does so is ended as a whole, because nothing of one turn may live on into the next.
 */
export async function killAgent(context: SandboxContext, id: string, uid: number): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const said = await askInSandbox(context, id, { uid, args: ['kill'], timeoutMs: KILL_MS });
      if (said.left === 0) return;
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
 * The same at the end of a turn. An order that is still on its way would start its command after everything was
 * killed, and nobody outside knows how far it has come: so the sandbox itself refuses commands of this turn from here on.
 * Its folder has a note of that, made before the killing: who has not read it yet is refused, who read it before is killed.
 */
export async function endTurn(context: EndingContext, id: string, uid: number, turn: number): Promise<void> {
  await noteOver(context.runDir, id, turn);
  try {
    await killAgent(context, id, uid);
  } catch (error) {
    if (!isDockerError(error, 'SandboxNotRunning')) throw error;
    await unpauseContainer(context.engine.docker.getContainer(sandboxName(context.installation, id)), id);
    await killAgent(context, id, uid);
  }
}
