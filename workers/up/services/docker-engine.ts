import type { EngineInfo } from '../../../docker/engine.ts';
import { provideEngine } from '../../../setup/docker-engine/provide-engine.ts';
import { confirm } from '../../../setup/host/confirm.ts';
import { inheritedBy } from '../environments.ts';
import { guarded } from '../guarded-program.ts';
import type { UpContext } from '../up-context.ts';

/** The Docker Engine that is there, or one installed and started now. */
export async function startDockerEngine({
  environment,
  supervisor,
  journal,
  tell,
  signal,
}: UpContext): Promise<EngineInfo> {
  return await journal.step('docker', async (say) => {
    const { info, origin } = await provideEngine({
      environment,
      say,
      signal,
      confirm: async (question) =>
        await confirm(question, (asked) => tell(`${asked} No terminal to ask on: yes.`), signal),
      startDaemon: async (command, args, probe) => {
        const program = { command, args, cwd: '/', stopSignal: 'SIGTERM', stopWithinMs: 30_000 } as const;
        const env = inheritedBy('dockerd', environment);
        await supervisor.start(guarded(program, { name: 'dockerd', env, readyWithinMs: 60_000, probe }));
      },
    });
    return { detail: `Docker Engine ${info.version} at ${info.address}; ${origin}`, value: info };
  });
}
