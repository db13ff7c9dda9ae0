import { connectEngine } from '../../../docker/engine.ts';
import { removeSandboxes } from '../../../docker/remove-sandboxes.ts';
import { inheritedBy } from '../environments.ts';
import { startOwn } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';
import type { ProxyAccess } from './proxy.ts';
import { type TemporalAccess, temporalEnvironment } from './temporal.ts';

export async function startRunner(
  context: UpContext,
  { databaseUrl, temporal, proxy }: { databaseUrl: string; temporal: TemporalAccess; proxy: ProxyAccess },
): Promise<void> {
  const { environment, home, journal } = context;
  await journal.step('runner', async () => {
    const { id, runner, runFolder } = home.installation;
    /** Nothing is left running: containers go, the files of sessions stay in their volumes. */
    const removeContainers = async () => {
      const engine = await connectEngine({ env: environment });
      await removeSandboxes({ engine, installation: id }, { runDir: runFolder, workspaces: false });
    };
    const env = {
      ...inheritedBy('runner', environment),
      ...temporalEnvironment(context, temporal),
      BELLHOP_DATABASE_URL: databaseUrl,
      BELLHOP_INSTALLATION: id,
      BELLHOP_RUNNER: environment.BELLHOP_RUNNER || runner,
      BELLHOP_RUN_DIR: runFolder,
      BELLHOP_PROXY_CONTROL: proxy.controlSocket,
      BELLHOP_CA_BUNDLE: proxy.caBundle,
    };
    await startOwn(context, { name: 'runner', script: 'workers/runner.ts', env, afterStop: removeContainers });
    return { detail: `${env.BELLHOP_RUNNER}: sandboxes and tool calls of this machine`, value: undefined };
  });
}
