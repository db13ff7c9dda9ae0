import { inheritedBy } from '../environments.ts';
import { type MetricsPort, metricsRemark } from '../metrics-ports.ts';
import { startOwn } from '../own-process.ts';
import type { UpContext } from '../up-context.ts';
import type { SlackAccess } from './slack-simulator.ts';
import { type TemporalAccess, temporalEnvironment } from './temporal.ts';

/** Starts and supervises the gateway. */
export async function startGateway(
  context: UpContext,
  {
    databaseUrl,
    temporal,
    slack,
    metrics,
  }: { databaseUrl: string; temporal: TemporalAccess; slack: SlackAccess; metrics: MetricsPort },
): Promise<void> {
  await context.journal.step('gateway', async () => {
    const env = {
      ...inheritedBy('gateway', context.environment),
      ...temporalEnvironment(context, temporal),
      BELLHOP_METRICS_ADDRESS: metrics.address,
      BELLHOP_DATABASE_URL: databaseUrl,
      SLACK_APP_TOKEN: slack.appToken,
      SLACK_BOT_TOKEN: slack.botToken,
      SLACK_API_URL: slack.apiUrl,
    };
    await startOwn(context, { name: 'gateway', script: 'workers/gateway.ts', env });
    return { ...metricsRemark('connected to Slack', metrics), value: undefined };
  });
}
