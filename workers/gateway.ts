/** The gateway: Slack on one side, inbox, outbox and Temporal's signals on the other. */
import { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { z } from 'zod';
import { ownerOf } from '../contracts/scope.ts';
import { AGENT_QUEUE } from '../contracts/task-queues.ts';
import { PORTS } from '../setup/host/port-wishes.ts';
import { openConnection } from '../setup/temporal/connection.ts';
import { createSlackClient } from '../slack/api/client.ts';
import { failureOf } from '../slack/api/errors.ts';
import { type SlackIdentity, whoAmI } from '../slack/api/identity.ts';
import { createSessionSignals } from '../slack/delivery/session-signals.ts';
import { startGateway } from '../slack/start-gateway.ts';
import { openDatabase } from '../store/database.ts';
import { heldConnections } from '../store/personal-connections.ts';
import { createPolicyReader } from '../store/policy-reader.ts';
import { baseEnvironment, poolSize, readEnvironment } from './environment.ts';
import { createGrantDoor } from './gateway/begin-grant.ts';
import { readCallbackAddress } from './gateway/callback-address.ts';
import { startCallbackListener } from './gateway/callback-listener.ts';
import { createKeepToken } from './gateway/keep-own-token.ts';
import { keepSlackTools } from './gateway/slack-tools.ts';
import { createTakeCallback } from './gateway/take-callback.ts';
import { type ProcessContext, type RunningProcess, runProcess } from './run-process.ts';
import { checkDatabase, checkTemporal, tellQueues, tellStoring } from './signals/told.ts';
import { temporalTarget } from './temporal-connection.ts';
import { installTemporalLogger } from './temporal-logger.ts';

const schema = baseEnvironment.extend({
  SLACK_APP_TOKEN: z.string().startsWith('xapp-', 'must be an app-level token (xapp-…)'),
  SLACK_BOT_TOKEN: z.string().startsWith('xoxb-', 'must be a bot token (xoxb-…)'),
  SLACK_API_URL: z.url().default('https://slack.com/api/'),
  /** Where browsers are led back to after a grant by OAuth, and `address:port` to listen at. */
  BELLHOP_CALLBACK_URL: z.string().optional(),
  BELLHOP_CALLBACK_LISTEN: z.string().optional(),
  ...poolSize(24),
});

const RETRY_MS = 2_000;

async function start({ log, environment, signals }: ProcessContext): Promise<RunningProcess> {
  const env = readEnvironment(schema, environment);
  installTemporalLogger(log);
  const callback = readCallbackAddress(env.BELLHOP_CALLBACK_URL, env.BELLHOP_CALLBACK_LISTEN);
  const database = openDatabase({
    url: env.BELLHOP_DATABASE_URL,
    name: 'gateway',
    connections: env.BELLHOP_DATABASE_CONNECTIONS,
  });
  const temporal = temporalTarget(environment);
  // Not waited for: the gateway takes in what people say while Temporal is away, too.
  const connection = openConnection(temporal.connection);
  const client = createSlackClient(env.SLACK_BOT_TOKEN, env.SLACK_API_URL, {
    warn: (message) => log.warn({ component: 'slack' }, message),
    error: (message) => log.error({ component: 'slack' }, message),
  });
  const identity = await findOutWhoWeAre(() => whoAmI(client), log);
  const policy = createPolicyReader(database);
  const offers = async () => (await policy()).offers;
  const gateway = await startGateway({
    database,
    databaseUrl: env.BELLHOP_DATABASE_URL,
    client,
    identity,
    appToken: env.SLACK_APP_TOKEN,
    botToken: env.SLACK_BOT_TOKEN,
    apiUrl: env.SLACK_API_URL,
    signals: createSessionSignals({
      client: new Client({ connection, namespace: temporal.namespace }),
      taskQueue: AGENT_QUEUE,
    }),
    whyOff: async (scope) => (await policy()).whyOff(scope),
    effective: async (scope) => {
      const owner = ownerOf(scope);
      return (await policy()).shown(scope, owner ? await heldConnections(database, owner) : []);
    },
    places: async () => (await policy()).channels,
    listenIn: async (scope) => (await policy()).listenIn(scope),
    offers,
    requesterChannel: async (scope) => (await policy()).requesterChannel(scope),
    models: async () => (await policy()).peopleModels,
    threadModels: async (scope) => {
      const index = await policy();
      return { choices: index.modelChoices(scope), known: index.models.map(({ name }) => name) };
    },
    keepToken: createKeepToken(database),
    grants: createGrantDoor(database, callback),
    onStored: tellStoring(signals),
    log,
  });
  const slackTools = keepSlackTools({ database, room: gateway.room, temporal, log });
  const callbacks = callback
    ? await startCallbackListener({
        callback,
        take: createTakeCallback({ database, callback, offers }),
        onError: (error) => log.warn({ reason: nameOf(error) }, 'an answer of a browser could not be taken'),
      })
    : null;
  checkDatabase(signals, database);
  checkTemporal(signals, connection);
  signals.check('slack', async () => gateway.isConnected() || Promise.reject(new Error('no Socket Mode connection')));
  tellQueues(signals, database);
  log.info({ team: identity.team, bot: identity.botName }, 'connected to Slack');
  return {
    async stop() {
      await callbacks?.stop();
      await slackTools.stop();
      await gateway.stop();
      await connection.close();
      await database.end();
    },
  };
}

/** Only its name and code: the message of an error may quote what came. */
function nameOf(error: unknown): string {
  return error instanceof Error
    ? `${error.name} ${String((error as NodeJS.ErrnoException).code ?? '')}`.trim()
    : 'error';
}

/** Waits for Slack, but not with a token that Slack refuses. */
async function findOutWhoWeAre(ask: () => Promise<SlackIdentity>, log: Logger): Promise<SlackIdentity> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'refused') {
        throw new Error(`Slack refused SLACK_BOT_TOKEN (auth.test: ${failure.code})`, { cause: error });
      }
      log.warn({ reason: failure.kind === 'limited' ? 'rate limited' : failure.reason }, 'Slack does not answer yet');
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

await runProcess('gateway', PORTS.gatewayMetrics, start);
