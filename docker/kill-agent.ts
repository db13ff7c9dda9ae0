import { endContainer } from './end-container.ts';
import { isDockerError } from './errors.ts';
import { askInSandbox, type SandboxContext } from './sandbox-context.ts';
import { stateOfSandbox } from './sandbox-listing.ts';

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
