import path from 'node:path';
import { inheritedBy } from '../environments.ts';
import { type MetricsPort, metricsRemark } from '../metrics-ports.ts';
import { startOwn } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';

/** What the runner and the proxy of one machine share. */
export interface ProxyAccess {
  readonly controlSocket: string;
  /** What sandboxes trust: system roots and the installation's own authority. */
  readonly caBundle: string;
}

export interface ProxyOptions {
  readonly databaseUrl: string;
  readonly operatorFile: string | undefined;
  /** `address:port` of what Bellhop itself listens on; no rule opens these. */
  readonly ownListeners: readonly string[];
  readonly metrics: MetricsPort;
}

/** Starts and supervises the Agent Proxy. Returns what the runner needs to reach it. */
export async function startProxy(context: UpContext, options: ProxyOptions): Promise<ProxyAccess> {
  const { environment, home, journal } = context;
  return await journal.step('proxy', async () => {
    const controlSocket = path.join(home.installation.runFolder, 'proxy.sock');
    const caBundle = path.join(home.folder, 'proxy', 'ca-bundle.pem');
    const env = {
      BELLHOP_OPERATOR_FILE: options.operatorFile,
      ...inheritedBy('proxy', environment),
      BELLHOP_METRICS_ADDRESS: options.metrics.address,
      BELLHOP_DATABASE_URL: options.databaseUrl,
      BELLHOP_HOME: home.folder,
      BELLHOP_RUN_DIR: home.installation.runFolder,
      BELLHOP_PROXY_CONTROL: controlSocket,
      BELLHOP_KEY_FILE: home.keyFile,
      BELLHOP_OWN_LISTENERS: options.ownListeners.join(','),
      BELLHOP_CA_BUNDLE: caBundle,
    };
    await startOwn(context, { name: 'proxy', script: 'workers/proxy.ts', env });
    const operator = env.BELLHOP_OPERATOR_FILE;
    return {
      ...metricsRemark(operator ? `running; operator's file ${operator}` : 'running', options.metrics),
      value: { controlSocket, caBundle },
    };
  });
}
