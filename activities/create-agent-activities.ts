import { Context } from '@temporalio/activity';
import type { Logger } from 'pino';
import type { PromptSettings } from '../agent/load-context.ts';
import type { Model } from '../agent/model/model.ts';
import type { NamedModels } from '../agent/model/named-models.ts';
import { createToolRegistry } from '../agent/tools/registry.ts';
import { createPictureCache } from '../agent/transcript/shown-files.ts';
import { createTranscriptCache } from '../agent/transcript/transcript-cache.ts';
import type { AgentActivities, ScheduleActivities } from '../contracts/activities.ts';
import type { Database } from '../store/database.ts';
import { createBeginning } from './begin-turn.ts';
import { createCallModel } from './call-model.ts';
import { createEnding } from './end-turn.ts';
import { nameFailures } from './name-failures.ts';
import { createPlaceSandbox } from './place-sandbox.ts';
import { createShowProgress } from './progress.ts';
import { createScheduleActivities } from './scheduled-task.ts';
import type { SessionSettings } from './settings.ts';

export interface AgentDependencies {
  readonly database: Database;
  readonly model: Model;
  /** Those of the access file. @default none */
  readonly models?: NamedModels;
  readonly prompt: PromptSettings;
  readonly settings: SessionSettings;
  readonly log: Logger;
}

/** Most of these have no limit of attempts, so that an outage ends nothing; a mistake of ours must not be tried for ever. */
const GIVE_UP_AT_ATTEMPT = 10;

/**
 * Everything the shared queue does: sessions, turns, model calls and schedules. What one machine does is in
 * create-runner-activities.ts. README.md says which file has which activity.
 *
 * @example
 * const activities = createAgentActivities({ database, model, prompt, settings, log });
 * await Worker.create({ taskQueue: AGENT_QUEUE, activities });
 */
export function createAgentActivities(dependencies: AgentDependencies): AgentActivities & ScheduleActivities {
  const { database, settings, log } = dependencies;
  const activities = {
    ...createBeginning({ database, settings, log, mayWait: () => !Context.current().info.isLocal }),
    placeSandbox: createPlaceSandbox({ database, log }),
    callModel: createCallModel({
      ...dependencies,
      tools: createToolRegistry(),
      transcripts: createTranscriptCache(),
      pictures: createPictureCache(),
      clock: Date.now,
      show: createShowProgress(database, { streaming: settings.streaming }),
    }),
    ...createEnding({ database, log }),
    ...createScheduleActivities({ database }),
  };
  const clock = (): number => performance.now();
  return nameFailures(activities, { clock, random: Math.random, giveUpAtAttempt: GIVE_UP_AT_ATTEMPT });
}
