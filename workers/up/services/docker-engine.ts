import type { EngineInfo } from '../../../docker/engine.ts';
import { provideEngine } from '../../../setup/docker-engine/provide-engine.ts';
import { confirm } from '../../../setup/host/confirm.ts';
import { baseEnvironment } from '../environments.ts';
import { guarded } from '../guarded-program.ts';
import type { UpContext } from '../up-context.ts';

/** The Docker Engine that is there, or one installed and started now. */
export async function startDockerEngine({ environment, supervisor, journal, tell }: UpContext): Promise<EngineInfo> {
  return await journal.step('docker', async (say) => {
    const { info, origin } = await provideEngine({
      environment,
      say,
      confirm: async (question) => await confirm(question, (asked) => tell(`${asked} No terminal to ask on: yes.`)),
      startDaemon: async (command, args, probe) => {
        const program = { command, args, cwd: '/', stopSignal: 'SIGTERM', stopWithinMs: 30_000 } as const;
        const env = { ...baseEnvironment(environment), ...proxySettings(environment) };
        await supervisor.start(guarded(program, { name: 'dockerd', env, readyWithinMs: 60_000, probe }));
      },
    });
    return { detail: `Docker Engine ${info.version} at ${info.address}; ${origin}`, value: info };
  });
}

/** An engine pulls images itself, so it needs the way out of this machine. */
function proxySettings(environment: NodeJS.ProcessEnv): Record<string, string> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];
  return Object.fromEntries(names.flatMap((name) => (environment[name] ? [[name, environment[name]]] : [])));
}
