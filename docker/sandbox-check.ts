import { DockerError } from './errors.ts';
import { askInSandbox, type SandboxContext } from './sandbox-context.ts';

export interface InsideView {
  readonly incarnation: string;
  readonly relay: boolean;
  /** The folder the container has mounted is the one that is there now. */
  readonly folder: boolean;
  readonly sockets: number;
}

/** Waits until the relay answers, and looks at what the sandbox can see of the host: one socket, its own. */
export async function lookInside(
  context: SandboxContext,
  id: string,
  uid: number,
  options: { readonly waitMs: number },
): Promise<InsideView> {
  const args = ['check', String(options.waitMs)];
  const seen = await askInSandbox(context, id, { uid, args, timeoutMs: options.waitMs + 10_000 });
  const names = Array.isArray(seen.sockets) ? seen.sockets.map(String) : [];
  const count = Number(seen.socketCount);
  if (count > 1 || (count === 1 && names[0] !== 'proxy.sock')) {
    throw new DockerError(
      'SandboxSeesOthers',
      `sandbox ${id} sees ${count} sockets (${names.slice(0, 3).join(', ')}) where only its own may be: the engine does not keep folders apart`,
    );
  }
  return {
    incarnation: String(seen.incarnation ?? ''),
    relay: seen.relay === true,
    folder: seen.folder === true,
    sockets: count,
  };
}
