import type { RegistryMirrors } from '../../../contracts/registries.ts';
import { connectEngine } from '../../../docker/engine.ts';
import { removeSandboxes } from '../../../docker/remove-sandboxes.ts';
import { inheritedBy } from '../environments.ts';
import { type MetricsPort, metricsRemark } from '../metrics-ports.ts';
import { startOwn } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';
import type { ProxyAccess } from './proxy.ts';
import { type TemporalAccess, temporalEnvironment } from './temporal.ts';

/** Starts and supervises the runner of this machine. */
export async function startRunner(
  context: UpContext,
  {
    databaseUrl,
    temporal,
    proxy,
    mirrors,
    metrics,
  }: {
    databaseUrl: string;
    temporal: TemporalAccess;
    proxy: ProxyAccess;
    /** Where packages come from on this machine. */
    mirrors: RegistryMirrors;
    metrics: MetricsPort;
  },
): Promise<void> {
  const { environment, home, journal } = context;
  await journal.step('runner', async () => {
    const { id, runner, runFolder } = home.installation;
    /** Nothing is left running. The files of sessions stay in their volumes. */
    const removeContainers = async () => {
      const engine = await connectEngine({ env: environment });
      await removeSandboxes({ engine, installation: id }, { runDir: runFolder, workspaces: false });
    };
    const env = {
      ...inheritedBy('runner', environment),
      ...temporalEnvironment(context, temporal),
      BELLHOP_METRICS_ADDRESS: metrics.address,
      BELLHOP_DATABASE_URL: databaseUrl,
      BELLHOP_INSTALLATION: id,
      BELLHOP_RUNNER: environment.BELLHOP_RUNNER || runner,
      BELLHOP_RUN_DIR: runFolder,
      BELLHOP_PROXY_CONTROL: proxy.controlSocket,
      BELLHOP_CA_BUNDLE: proxy.caBundle,
      BELLHOP_REGISTRY_MIRRORS: JSON.stringify(mirrors),
    };
    await startOwn(context, { name: 'runner', script: 'workers/runner.ts', env, afterStop: removeContainers });
    const detail = `${env.BELLHOP_RUNNER}: sandboxes and tool calls of this machine`;
    return { ...metricsRemark(detail, metrics), value: undefined };
  });
}
