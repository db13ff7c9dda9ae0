import type { Engine } from './engine.ts';
import { sandboxName } from './sandbox-names.ts';
import { askStarter, callStarter, type StarterCall } from './starter.ts';

/** What every part of the sandbox runtime needs: the engine, and the installation whose sandboxes these are. */
export interface SandboxContext {
  readonly engine: Engine;
  readonly installation: string;
}

export type InSandbox = Omit<StarterCall, 'docker' | 'container' | 'id'>;

export function inSandbox(context: SandboxContext, id: string, call: InSandbox): ReturnType<typeof callStarter> {
  return callStarter(complete(context, id, call));
}

export function askInSandbox(context: SandboxContext, id: string, call: InSandbox): ReturnType<typeof askStarter> {
  return askStarter(complete(context, id, call));
}

function complete(context: SandboxContext, id: string, call: InSandbox): StarterCall {
  return { ...call, id, docker: context.engine.docker, container: sandboxName(context.installation, id) };
}
