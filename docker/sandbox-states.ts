import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { DockerError, sandboxError, statusOf, wordsOf } from './errors.ts';
import type { SandboxState } from './sandbox.ts';
import type { SandboxContext } from './sandbox-context.ts';
import { sandboxName } from './sandbox-names.ts';

/** How long a container that is being removed may take to be gone. */
export const REMOVAL_MS = 15_000;

/** @param status of the engine (`State.Status` of a container) */
export function sandboxStateOf(status: string): SandboxState {
  if (status === 'running' || status === 'paused') return status;
  return status === 'removing' || status === 'dead' ? 'missing' : 'stopped';
}

/** Starting a running container is a success (304), a paused one needs `unpauseSandbox` after it. */
export async function startContainer(container: Docker.Container): Promise<void> {
  try {
    await container.start();
  } catch (error) {
    if (statusOf(error) !== 304 && !/paused/.test(wordsOf(error))) throw error;
  }
}

/** How long the engine may take to notice what it was told to do. */
const NOTICE_MS = 5_000;

/** How long a program may take to be started, on a machine that has much to do. */
const STARTING_MS = 20_000;

/**
 * Returns once the engine itself says so. Already paused is fine.
 *
 * A pause must not meet a program that is just being started:
 * 1. The engine starts a program in the container and waits for its first sign, holding the container's lock.
 * 2. The pause freezes the program before it gives the sign.
 * 3. The unpause waits for the lock, and so does the removal.
 * Therefore this waits until no program is on its way. The caller keeps others from starting one meanwhile (`ExecGate`).
 *
 * @param wasWoken a moment ago. Then the engine's "already paused" may be of the time before (see starter-exec.ts), and is not believed
 */
export async function pauseContainer(
  docker: Docker,
  container: Docker.Container,
  { id, wasWoken }: { readonly id: string; readonly wasWoken: boolean },
): Promise<void> {
  const deadline = Date.now() + STARTING_MS;
  while (await isStarting(docker, container)) {
    if (Date.now() > deadline) {
      throw new DockerError('EngineRefused', `could not pause the sandbox: a program is still being started in ${id}`);
    }
    await delay(10);
  }
  const noticedBy = Date.now() + NOTICE_MS;
  for (;;) {
    try {
      await container.pause();
      break;
    } catch (error) {
      if (!/already paused/.test(wordsOf(error))) throw sandboxError('pause the sandbox', id, error);
      if (!wasWoken || Date.now() > noticedBy) break;
      await delay(20);
    }
  }
  await untilPaused(container, id, true);
}

/** Whether the engine is starting a program in the container: it counts as running, and has no process yet. */
async function isStarting(docker: Docker, container: Docker.Container): Promise<boolean> {
  const found = await container.inspect().catch(() => null);
  // The client's types take the list for a list of other things.
  const ids = (found as { readonly ExecIDs?: readonly string[] | null } | null)?.ExecIDs ?? [];
  const execs = await Promise.all(
    ids.map((id) =>
      docker
        .getExec(id)
        .inspect()
        .catch(() => null),
    ),
  );
  return execs.some((exec) => exec?.Running === true && exec.Pid === 0);
}

/** Wakes a sandbox. Returns once the engine itself says so. Not paused is fine. */
export async function unpauseSandbox({ engine, installation, gate }: SandboxContext, id: string): Promise<void> {
  const container = engine.docker.getContainer(sandboxName(installation, id));
  try {
    await container.unpause();
  } catch (error) {
    if (!/not paused/.test(wordsOf(error))) throw sandboxError('unpause the sandbox', id, error);
  }
  gate?.woken(id);
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

/**
 * Returns when the container is gone, also when somebody else is removing it already (409). Its volumes without a name go
 * with it; the workspace has a name.
 */
export async function removeContainer(container: Docker.Container, id: string): Promise<void> {
  const deadline = Date.now() + REMOVAL_MS;
  for (;;) {
    try {
      await container.remove({ force: true, v: true });
    } catch (error) {
      if (statusOf(error) === 404) return;
      if (statusOf(error) !== 409 || Date.now() > deadline) throw sandboxError('remove the sandbox', id, error);
      await delay(100);
      continue;
    }
    return;
  }
}
