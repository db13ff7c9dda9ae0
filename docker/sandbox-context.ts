import type { Engine } from './engine.ts';
import type { StarterFrame } from './exec-frames.ts';
import { sandboxName } from './sandbox-names.ts';
import { askStarter, type StarterCall } from './starter.ts';
import type { StarterOrder } from './starter-channel.ts';
import type { StarterTarget } from './starter-exec.ts';
import type { StarterPool } from './starter-pool.ts';

/** What every part of the sandbox runtime needs: the engine, and the installation whose sandboxes these are. */
export interface SandboxContext {
  readonly engine: Engine;
  readonly installation: string;
}

/** For the work of a turn: it goes to starters that wait for it. */
export interface WorkingContext extends SandboxContext {
  readonly starters: StarterPool;
}

/** Gives an order to a starter of the sandbox and yields what it says. */
export function inSandbox(
  context: WorkingContext,
  id: string,
  { uid, ...order }: StarterOrder & Pick<StarterTarget, 'uid'>,
): AsyncGenerator<StarterFrame, void> {
  return context.starters.order(starterTarget(context, id, uid), order);
}

/** Starts a program in the sandbox for one answer: what looks after a sandbox asks nobody whom its agent may have met. */
export function askInSandbox(
  context: SandboxContext,
  id: string,
  { uid, ...call }: Omit<StarterCall, keyof StarterTarget> & Pick<StarterTarget, 'uid'>,
): ReturnType<typeof askStarter> {
  return askStarter({ ...starterTarget(context, id, uid), ...call });
}

export function starterTarget({ engine, installation }: SandboxContext, id: string, uid: number): StarterTarget {
  return { docker: engine.docker, container: sandboxName(installation, id), id, uid };
}
