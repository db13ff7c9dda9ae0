/** The agent worker: workflows, model calls and schedules. Any number of them may run. */
import path from 'node:path';
import { Client } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { z } from 'zod';
import { createAgentActivities } from '../activities/create-agent-activities.ts';
import { createEndAbandonedTurn } from '../activities/end-turn.ts';
import { createHousekeepingActivities } from '../activities/housekeeping.ts';
import { DEFAULT_SESSION_SETTINGS, type SessionSettings } from '../activities/settings.ts';
import { createAnthropicModel } from '../agent/model/anthropic.ts';
import { createNamedModels } from '../agent/model/named-models.ts';
import { reportingRefusedKey } from '../agent/model/refused-key.ts';
import { AGENT_QUEUE } from '../contracts/task-queues.ts';
import { PORTS } from '../setup/host/port-wishes.ts';
import { openDatabase } from '../store/database.ts';
import { createPolicyReader } from '../store/policy-reader.ts';
import { keepGrantingPlaces } from './agent/grant-places.ts';
import { keepHousekeeper } from './agent/housekeeper.ts';
import { modelKeys } from './agent/model-keys.ts';
import { retentionOf, retentionVariables } from './agent/retention-settings.ts';
import { connectWorker } from './connect-worker.ts';
import { baseEnvironment, poolSize, positive, readEnvironment } from './environment.ts';
import { isSessionOpen } from './is-session-open.ts';
import { type ProcessContext, type RunningProcess, runProcess } from './run-process.ts';
import { checkDatabase, checkTemporal, tellModels, tellTurns } from './signals/told.ts';
import { temporalTarget } from './temporal-connection.ts';
import { installTemporalLogger } from './temporal-logger.ts';
import { workflowBundle } from './workflow-bundle.ts';

const { limits, rest, modelWindowMs } = DEFAULT_SESSION_SETTINGS;

const schema = baseEnvironment.extend({
  ANTHROPIC_API_KEY: z.string().min(1),
  ANTHROPIC_BASE_URL: z.url().optional(),
  BELLHOP_MODEL: z.string().min(1).default('claude-sonnet-5'),
  BELLHOP_MODEL_CONTEXT_TOKENS: positive(200_000),
  BELLHOP_MODEL_KEY_FILE: z.string().min(1).optional(),
  BELLHOP_NAME: z.string().min(1).default('bellhop'),
  BELLHOP_CACHE_DIR: z
    .string()
    .min(1)
    .default(path.join(import.meta.dirname, '..', 'node_modules', '.cache', 'bellhop')),
  BELLHOP_SLACK_STREAMING: z.enum(['on', 'off']).default('on'),
  BELLHOP_MODEL_WINDOW_SECONDS: positive(modelWindowMs / 1000),
  BELLHOP_TURN_STEPS: positive(limits.steps),
  BELLHOP_TURN_MINUTES: positive(limits.minutes),
  BELLHOP_TURN_TOKENS: positive(limits.tokens),
  BELLHOP_PAUSE_AFTER_SECONDS: positive(rest.pauseAfterMs / 1000),
  BELLHOP_REMOVE_AFTER_SECONDS: positive(rest.removeAfterMs / 1000),
  ...retentionVariables,
  ...poolSize(32),
});

/** Workflows kept in memory, those used last. As many turns at work at once go on without a replay. */
const CACHED_WORKFLOWS = 250;

/** What an operator does when the key of the usual model is refused. */
const USUAL_REMEDY = 'check ANTHROPIC_API_KEY and ANTHROPIC_BASE_URL, and start the agent worker again';

type Environment = z.output<typeof schema>;

async function start({ log, environment, signals }: ProcessContext): Promise<RunningProcess> {
  const env = readEnvironment(schema, environment);
  installTemporalLogger(log);
  const database = openDatabase({
    url: env.BELLHOP_DATABASE_URL,
    name: 'agent',
    connections: env.BELLHOP_DATABASE_CONNECTIONS,
  });
  const temporal = temporalTarget(environment);
  const [connection, codePath] = await Promise.all([
    connectWorker(temporal, log),
    workflowBundle(env.BELLHOP_CACHE_DIR),
  ]);
  const told = tellModels(signals);
  const client = new Client({ connection, namespace: temporal.namespace });
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: AGENT_QUEUE,
    workflowBundle: { codePath },
    activities: {
      ...createAgentActivities({
        database,
        log,
        model: told(reportingRefusedKey(modelOf(env), 'the usual model', USUAL_REMEDY)),
        models: createNamedModels({
          policy: createPolicyReader(database),
          keyOf: modelKeys(database, env.BELLHOP_MODEL_KEY_FILE),
          told,
          clock: Date.now,
        }),
        settings: settingsOf(env),
        prompt: { name: env.BELLHOP_NAME },
      }),
      ...createHousekeepingActivities({
        database,
        client,
        endAbandonedTurn: createEndAbandonedTurn({ database, log }),
        isSessionOpen,
        retention: retentionOf(env),
        log,
        clock: Date.now,
      }),
    },
    // They wait for the model, and the short ones must not wait for them: a session has one at a time.
    maxConcurrentActivityTaskExecutions: 500,
    // A beat every second is what makes a stop felt at once.
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: '10s',
    // A killed worker's sessions are taken over by another one, or by its next start, after this long.
    stickyQueueScheduleToStartTimeout: '3s',
    // A thread that rests needs no memory: its workflow is replayed when somebody speaks again.
    maxCachedWorkflows: CACHED_WORKFLOWS,
  });
  const housekeeper = keepHousekeeper({ client, databaseUrl: env.BELLHOP_DATABASE_URL, log });
  const places = keepGrantingPlaces({ client, database, databaseUrl: env.BELLHOP_DATABASE_URL, log });
  const running = worker.run();
  checkDatabase(signals, database);
  checkTemporal(signals, connection);
  tellTurns(signals, database);
  return {
    failed: running,
    async stop() {
      worker.shutdown();
      await Promise.all([running, housekeeper.stop(), places.stop()]);
      await connection.close();
      await database.end();
    },
  };
}

function modelOf(env: Environment) {
  const { ANTHROPIC_API_KEY: apiKey, ANTHROPIC_BASE_URL: baseUrl } = env;
  return createAnthropicModel({
    apiKey,
    ...(baseUrl && { baseUrl }),
    model: env.BELLHOP_MODEL,
    contextTokens: env.BELLHOP_MODEL_CONTEXT_TOKENS,
  });
}

function settingsOf(env: Environment): SessionSettings {
  return {
    limits: { steps: env.BELLHOP_TURN_STEPS, minutes: env.BELLHOP_TURN_MINUTES, tokens: env.BELLHOP_TURN_TOKENS },
    rest: {
      pauseAfterMs: env.BELLHOP_PAUSE_AFTER_SECONDS * 1000,
      removeAfterMs: env.BELLHOP_REMOVE_AFTER_SECONDS * 1000,
    },
    modelWindowMs: env.BELLHOP_MODEL_WINDOW_SECONDS * 1000,
    streaming: env.BELLHOP_SLACK_STREAMING === 'on',
  };
}

await runProcess('agent', PORTS.agentMetrics, start);
