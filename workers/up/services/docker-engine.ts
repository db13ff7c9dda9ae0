import type { EngineInfo } from '../../../docker/engine.ts';
import { type ProvidedEngine, provideEngine } from '../../../setup/docker-engine/provide-engine.ts';
import { confirm } from '../../../setup/host/confirm.ts';
import { inheritedBy } from '../environments.ts';
import { guarded } from '../guarded-program.ts';
import type { Say } from '../journal.ts';
import type { UpContext } from '../up-context.ts';

/** The Docker Engine that is there, or one installed and started now. */
export async function startDockerEngine(context: UpContext): Promise<EngineInfo> {
  return await context.journal.step('docker', async (say) => {
    const { info, origin } = await provideSupervisedEngine(context, { say, mayInstall: true });
    return { detail: `Docker Engine ${info.version} at ${info.address}; ${origin}`, value: info };
  });
}

/** A `dockerd` that has to be started for it is kept running by the supervisor, and stops with it. */
export async function provideSupervisedEngine(
  { environment, supervisor, tell, signal }: Pick<UpContext, 'environment' | 'supervisor' | 'tell' | 'signal'>,
  { say, mayInstall }: { readonly say: Say; readonly mayInstall: boolean },
): Promise<ProvidedEngine> {
  return await provideEngine({
    environment,
    say,
    mayInstall,
    signal,
    confirm: async (question) =>
      await confirm(question, (asked) => tell(`${asked} No terminal to ask on: yes.`), signal),
    startDaemon: async (command, args, probe) => {
      const program = { command, args, cwd: '/', stopSignal: 'SIGTERM', stopWithinMs: 30_000 } as const;
      const env = inheritedBy('dockerd', environment);
      // Replacing the engine ends every sandbox, so it is given twice the time of the others.
      const ask = async (signal: AbortSignal) => await probe(signal).then(() => 'serves' as const);
      const liveness = { ask, everyMs: 10_000, silentMs: 60_000 };
      await supervisor.start(guarded(program, { name: 'dockerd', env, readyWithinMs: 60_000, liveness, probe }));
    },
  });
}
