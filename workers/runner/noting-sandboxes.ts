import type { SessionId } from '../../contracts/ids.ts';
import { type ChangeLog, noteChange, type StateChange } from '../../contracts/state-changes.ts';
import type { SandboxRuntime } from '../../docker/sandbox.ts';

type To = Extract<StateChange, { readonly of: 'sandbox' }>['to'];

/** The same runtime. It also logs each change of a sandbox, for turns, the reaper and {@link makeRoom} alike. */
export function notingSandboxes(runner: string, log: ChangeLog, runtime: SandboxRuntime): SandboxRuntime {
  const note = (sandbox: string, to: To, session?: string) =>
    noteChange(log, {
      of: 'sandbox',
      to,
      sandbox,
      runner,
      ...(session !== undefined && { session: session as SessionId }),
    });
  return {
    ...runtime,
    async provision(spec) {
      const made = await runtime.provision(spec);
      if (made.created) note(spec.id, 'running', spec.session);
      return made;
    },
    async pause(id) {
      await runtime.pause(id);
      note(id, 'paused');
    },
    async remove(id) {
      await runtime.remove(id);
      note(id, 'removed');
    },
  };
}
