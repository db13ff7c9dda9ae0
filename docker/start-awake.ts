import { setTimeout as delay } from 'node:timers/promises';
import { isDockerError } from './errors.ts';
import type { ExecGate } from './exec-gate.ts';
import type { SandboxContext } from './sandbox-context.ts';

/** Between two attempts to start a program in a sandbox that the engine still calls paused. */
const BETWEEN_MS = 20;

/**
 * Starts a program in a sandbox, not while it is being paused. The engine's record of a pause may come back after the unpause:
 * 1. A sandbox is paused and unpaused, and the record says so each time.
 * 2. The news of the pause reaches the engine late, from the program that runs its containers. The record says "paused" again.
 * 3. The news of the unpause comes after it, and puts the record right.
 * Therefore "is paused" is not believed of a sandbox that was woken a moment ago: the program is started again. Nothing was
 * started before, because the engine refuses by its record.
 */
export async function startAwake<T>({ gate }: SandboxContext, id: string, start: () => Promise<T>): Promise<T> {
  return gate ? await gate.starting(id, () => repeated(gate, id, start)) : await start();
}

async function repeated<T>(gate: ExecGate, id: string, start: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (!isPaused(error) || !gate.wasWoken(id)) throw error;
      await delay(BETWEEN_MS);
    }
  }
}

function isPaused(error: unknown): boolean {
  return isDockerError(error, 'SandboxNotRunning') && /is paused/.test(error.message);
}
