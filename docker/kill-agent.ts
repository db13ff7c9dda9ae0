import { DockerError, isDockerError } from './errors.ts';
import { askInSandbox, type SandboxContext } from './sandbox-context.ts';
import { stateOfSandbox } from './sandbox-listing.ts';

const ATTEMPTS = 4;
const KILL_MS = 12_000;

/**
 * Ends every process of the agent's user. Returns when none is left; a stopped sandbox has none. In a paused one they
 * cannot be ended: `SandboxNotRunning`.
 */
export async function killAgent(context: SandboxContext, id: string, uid: number): Promise<void> {
  let broken: unknown;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const said = await askInSandbox(context, id, { uid, args: ['kill'], timeoutMs: KILL_MS });
      if (said.left === 0) return;
      broken = new DockerError('ExecFailed', `sandbox ${id}: ${String(said.message)}`);
    } catch (error) {
      const notRunning = isDockerError(error, 'SandboxMissing') || isDockerError(error, 'SandboxNotRunning');
      if (notRunning && (await stateOfSandbox(context, id)) !== 'paused') return;
      if (!isDockerError(error, 'ExecFailed') && !isDockerError(error, 'ExecTimeout')) throw error;
      broken = error;
    }
  }
  throw broken;
}
