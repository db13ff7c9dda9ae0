import type { PortWish } from './ports.ts';

/** The ports on 127.0.0.1 that `bellhop up` takes, and the variables by which a user fixes them. */
export const PORTS = {
  page: { variable: 'BELLHOP_PAGE_PORT', usual: 7070 },
  temporal: { variable: 'BELLHOP_TEMPORAL_PORT', usual: 7310 },
  temporalUi: { variable: 'BELLHOP_TEMPORAL_UI_PORT', usual: 7311 },
  postgres: { variable: 'BELLHOP_POSTGRES_PORT', usual: 7320 },
  slack: { variable: 'BELLHOP_SLACK_SIMULATOR_PORT', usual: 7330 },
  model: { variable: 'BELLHOP_MODEL_SIMULATOR_PORT', usual: 7340 },
  /** demo/bellhop.yaml names it. */
  world: { variable: 'BELLHOP_ACME_PORT', usual: 7443 },
  upMetrics: { variable: 'BELLHOP_UP_METRICS_PORT', usual: 7350 },
  gatewayMetrics: { variable: 'BELLHOP_GATEWAY_METRICS_PORT', usual: 7351 },
  agentMetrics: { variable: 'BELLHOP_AGENT_METRICS_PORT', usual: 7352 },
  runnerMetrics: { variable: 'BELLHOP_RUNNER_METRICS_PORT', usual: 7353 },
  proxyMetrics: { variable: 'BELLHOP_PROXY_METRICS_PORT', usual: 7354 },
} as const satisfies Record<string, PortWish>;
