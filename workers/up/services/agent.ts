import path from 'node:path';
import { cacheFolder } from '../../../setup/host/cache.ts';
import { inheritedBy } from '../environments.ts';
import { LEAN_AGENT } from '../lean-agent.ts';
import { type MetricsPort, metricsRemark } from '../metrics-ports.ts';
import { startOwn } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';
import type { ModelAccess } from './model.ts';
import { type TemporalAccess, temporalEnvironment } from './temporal.ts';

/** Starts and supervises the agent worker. */
export async function startAgent(
  context: UpContext,
  {
    databaseUrl,
    temporal,
    model,
    metrics,
  }: { databaseUrl: string; temporal: TemporalAccess; model: ModelAccess; metrics: MetricsPort },
): Promise<void> {
  await context.journal.step('agent', async () => {
    const env = {
      ...LEAN_AGENT,
      ...inheritedBy('agent', context.environment),
      ...temporalEnvironment(context, temporal),
      BELLHOP_METRICS_ADDRESS: metrics.address,
      BELLHOP_DATABASE_URL: databaseUrl,
      BELLHOP_CACHE_DIR: path.join(cacheFolder(context.environment), 'workflows'),
      BELLHOP_MODEL_KEY_FILE: context.home.modelKeyFile,
      ANTHROPIC_API_KEY: model.apiKey,
      ANTHROPIC_BASE_URL: model.baseUrl,
      ...(model.name && { BELLHOP_MODEL: model.name }),
    };
    await startOwn(context, { name: 'agent', script: 'workers/agent.ts', env });
    return { ...metricsRemark('takes workflows, model calls and schedules', metrics), value: undefined };
  });
}
