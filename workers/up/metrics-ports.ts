import { PORTS } from '../../setup/host/port-wishes.ts';
import type { ChosenPort, PortChooser } from '../../setup/host/ports.ts';
import { joined } from './remarks.ts';

/** Where one process serves its metrics and health. */
export interface MetricsPort extends ChosenPort {
  /** `address:port`, as `BELLHOP_METRICS_ADDRESS` takes it. */
  readonly address: string;
}

const WISHES = {
  up: PORTS.upMetrics,
  gateway: PORTS.gatewayMetrics,
  agent: PORTS.agentMetrics,
  runner: PORTS.runnerMetrics,
  proxy: PORTS.proxyMetrics,
} as const;

export type MetricsPorts = Readonly<Record<keyof typeof WISHES, MetricsPort>>;

/**
 * A port for the metrics of each process: on this machine only, unless `BELLHOP_METRICS_HOST` says otherwise.
 *
 * @throws SetupError `port-taken` for one that the user fixed
 */
export async function chooseMetricsPorts(ports: PortChooser, environment: NodeJS.ProcessEnv): Promise<MetricsPorts> {
  const host = environment.BELLHOP_METRICS_HOST || '127.0.0.1';
  const written = host.includes(':') ? `[${host}]` : host;
  const chosen = new Map<string, MetricsPort>();
  for (const [name, wish] of Object.entries(WISHES)) {
    const port = await ports.choose(wish);
    chosen.set(name, { ...port, address: `${written}:${port.port}` });
  }
  return Object.fromEntries(chosen) as MetricsPorts;
}

/** What a step says of its process, with where its metrics are. */
export function metricsRemark(
  detail: string,
  { address, brief, remark }: MetricsPort,
): { detail: string; more: string } {
  return { detail: joined(detail, brief), more: joined(`metrics at http://${address}/metrics`, remark) };
}
