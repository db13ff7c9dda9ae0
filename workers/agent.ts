/** The agent worker: workflows, model calls and schedules. Any number of them may run. */
import path from 'node:path';
import { Client } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { z } from 'zod';
import { createEndAbandonedTurn } from '../activities/abandoned-turns.ts';
import { createAgentActivities } from '../activities/create-agent-activities.ts';
import { createEndTurn } from '../activities/end-turn.ts';
import { DEFAULT_SESSION_SETTINGS, type SessionSettings } from '../activities/settings.ts';
import { turnReport } from '../activities/turn-report.ts';
import { createAnthropicModel } from '../agent/model/anthropic.ts';
import { AGENT_QUEUE } from '../contracts/task-queues.ts';
import { findChannel } from '../store/channels.ts';
import { type Database, openDatabase } from '../store/database.ts';
import { endAbandonedTurns } from './agent/end-abandoned-turns.ts';
import { baseEnvironment, positive, readEnvironment } from './environment.ts';
import { every } from './every.ts';
import { keepSchedulesInStep } from './keep-schedules-in-step.ts';
import { type ProcessContext, type RunningProcess, runProcess } from './run-process.ts';
import { temporalTarget } from './temporal-connection.ts';
import { installTemporalLogger } from './temporal-logger.ts';
import { workflowBundle } from './workflow-bundle.ts';

const { limits, rest } = DEFAULT_SESSION_SETTINGS;

const schema = baseEnvironment.extend({
  ANTHROPIC_API_KEY: z.string().min(1),
  ANTHROPIC_BASE_URL: z.url().optional(),
  BELLHOP_MODEL: z.string().min(1).default('claude-sonnet-5'),
  BELLHOP_MODEL_CONTEXT_TOKENS: positive(200_000),
  BELLHOP_NAME: z.string().min(1).default('bellhop'),
  BELLHOP_CACHE_DIR: z
    .string()
    .min(1)
    .default(path.join(import.meta.dirname, '..', 'node_modules', '.cache', 'bellhop')),
  BELLHOP_TURN_STEPS: positive(limits.steps),
  BELLHOP_TURN_MINUTES: positive(limits.minutes),
  BELLHOP_TURN_TOKENS: positive(limits.tokens),
  BELLHOP_PAUSE_AFTER_SECONDS: positive(rest.pauseAfterMs / 1000),
  BELLHOP_REMOVE_AFTER_SECONDS: positive(rest.removeAfterMs / 1000),
});

/** A thread whose session was terminated is told within a minute. */
const LOOK_FOR_ABANDONED_EVERY_MS = 15_000;

type Environment = z.output<typeof schema>;

async function start({ log, environment }: ProcessContext): Promise<RunningProcess> {
  const env = readEnvironment(schema, environment);
  installTemporalLogger(log);
  const database = openDatabase({ url: env.BELLHOP_DATABASE_URL, name: 'agent' });
  const temporal = temporalTarget(environment);
  const [connection, codePath] = await Promise.all([
    NativeConnection.connect(temporal.connection),
    workflowBundle(env.BELLHOP_CACHE_DIR),
  ]);
  const worker = await Worker.create({
    connection,
    namespace: temporal.namespace,
    taskQueue: AGENT_QUEUE,
    workflowBundle: { codePath },
    activities: createAgentActivities({
      database,
      log,
      model: modelOf(env),
      settings: settingsOf(env),
      prompt: { name: env.BELLHOP_NAME, channelLabel: (team, channel) => channelLabel(database, team, channel) },
    }),
    // They wait for the model, and the short ones must not wait for them: a session has one at a time.
    maxConcurrentActivityTaskExecutions: 500,
    // A beat every second is what makes a stop felt at once.
    maxHeartbeatThrottleInterval: '1s',
    shutdownGraceTime: '10s',
    // A killed worker's sessions are taken over by another one, or by its next start, after this long.
    stickyQueueScheduleToStartTimeout: '3s',
  });
  const client = new Client({ connection, namespace: temporal.namespace });
  const end = createEndAbandonedTurn({ database, endTurn: createEndTurn({ database, report: turnReport }) });
  const lookForAbandoned = () => endAbandonedTurns({ client, database, end });
  const abandoned = every(LOOK_FOR_ABANDONED_EVERY_MS, 'looking for abandoned turns', lookForAbandoned, log);
  const schedules = keepSchedulesInStep({
    client,
    database,
    databaseUrl: env.BELLHOP_DATABASE_URL,
    log,
  });
  const running = worker.run();
  running.catch((error: unknown) => {
    log.fatal({ err: error }, 'the worker stopped');
    process.exit(1);
  });
  return {
    async stop() {
      worker.shutdown();
      await Promise.all([running, schedules.stop(), abandoned.stop()]);
      await connection.close();
      await database.end();
    },
  };
}

function modelOf(env: Environment) {
  return createAnthropicModel({
    apiKey: env.ANTHROPIC_API_KEY,
    ...(env.ANTHROPIC_BASE_URL && { baseUrl: env.ANTHROPIC_BASE_URL }),
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
  };
}

async function channelLabel(database: Database, team: string, id: string): Promise<string | null> {
  const channel = await findChannel(database, team, id);
  return channel && (channel.kind === 'public' || channel.kind === 'private') ? `#${channel.name}` : null;
}

await runProcess('agent', start);
