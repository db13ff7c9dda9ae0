import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { sandboxError, statusOf, wordsOf } from './errors.ts';
import type { SandboxState } from './sandbox.ts';

/** How long a container that is being removed may take to be gone. */
export const REMOVAL_MS = 15_000;

/** @param status of the engine (`State.Status` of a container) */
export function sandboxStateOf(status: string): SandboxState {
  if (status === 'running' || status === 'paused') return status;
  return status === 'removing' || status === 'dead' ? 'missing' : 'stopped';
}

/** Starting a running container is a success (304), a paused one needs `unpauseContainer` after it. */
export async function startContainer(container: Docker.Container): Promise<void> {
  try {
    await container.start();
  } catch (error) {
    if (statusOf(error) !== 304 && !/paused/.test(wordsOf(error))) throw error;
  }
}

/** How long the engine may take to notice what it was told to do. */
const NOTICE_MS = 5_000;

/** Returns once the engine itself says so. Already paused is fine. */
export async function pauseContainer(container: Docker.Container, id: string): Promise<void> {
  try {
    await container.pause();
  } catch (error) {
    if (!/already paused/.test(wordsOf(error))) throw sandboxError('pause the sandbox', id, error);
  }
  await untilPaused(container, id, true);
}

/** Returns once the engine itself says so. Not paused is fine. */
export async function unpauseContainer(container: Docker.Container, id: string): Promise<void> {
  try {
    await container.unpause();
  } catch (error) {
    if (!/not paused/.test(wordsOf(error))) throw sandboxError('unpause the sandbox', id, error);
  }
  await untilPaused(container, id, false);
}

/**
 * The engine answers before its own record says so, and an unpause or an exec that comes in between is refused
 * according to the old record.
 */
async function untilPaused(container: Docker.Container, id: string, wanted: boolean): Promise<void> {
  const deadline = Date.now() + NOTICE_MS;
  for (;;) {
    const { State } = await container.inspect().catch((error: unknown) => {
      throw sandboxError('look at the sandbox', id, error);
    });
    if (State.Paused === wanted || !State.Running || Date.now() > deadline) return;
    await delay(3);
  }
}

/** Returns when the container is gone, also when somebody else is removing it already (409). */
export async function removeContainer(container: Docker.Container, id: string): Promise<void> {
  const deadline = Date.now() + REMOVAL_MS;
  for (;;) {
    try {
      await container.remove({ force: true });
    } catch (error) {
      if (statusOf(error) === 404) return;
      if (statusOf(error) !== 409 || Date.now() > deadline) throw sandboxError('remove the sandbox', id, error);
      await delay(100);
      continue;
    }
    return;
  }
}
