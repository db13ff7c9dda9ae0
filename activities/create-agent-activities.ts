import type { Logger } from 'pino';
import type { PromptSettings } from '../agent/load-context.ts';
import type { Model } from '../agent/model/model.ts';
import { createToolRegistry } from '../agent/tools/registry.ts';
import type { AgentActivities, ScheduleActivities } from '../contracts/activities.ts';
import type { Database } from '../store/database.ts';
import { createEndAbandonedTurn } from './abandoned-turns.ts';
import { createBeginTurn } from './begin-turn.ts';
import { createCallModel } from './call-model.ts';
import { namingDatabaseFailures } from './database-failures.ts';
import { createEndTurn } from './end-turn.ts';
import { createNoteSession } from './note-session.ts';
import { createPlaceSandbox } from './place-sandbox.ts';
import { createResolveScopeAccess } from './resolve-scope-access.ts';
import { createScheduleActivities } from './scheduled-thread.ts';
import type { SessionSettings } from './settings.ts';
import { createSettleTools } from './settle-tools.ts';
import { createShowProgress } from './show-progress.ts';
import { createTellThread } from './tell-thread.ts';
import { turnReport } from './turn-report.ts';

export interface AgentDependencies {
  readonly database: Database;
  readonly model: Model;
  readonly prompt: PromptSettings;
  readonly settings: SessionSettings;
  readonly log: Logger;
}

/** Everything the shared queue does. */
export function createAgentActivities(dependencies: AgentDependencies): AgentActivities & ScheduleActivities {
  const { database, settings } = dependencies;
  const show = createShowProgress(database);
  const endTurn = createEndTurn({ database, report: turnReport });
  return namingDatabaseFailures({
    beginTurn: createBeginTurn({
      database,
      settings,
      endAbandonedTurn: createEndAbandonedTurn({ database, endTurn }),
    }),
    resolveScopeAccess: createResolveScopeAccess({ database }),
    placeSandbox: createPlaceSandbox({ database, tellThread: createTellThread(database) }),
    callModel: createCallModel({ ...dependencies, tools: createToolRegistry(), clock: Date.now, show }),
    settleTools: createSettleTools({ database }),
    endTurn,
    noteSession: createNoteSession({ database }),
    ...createScheduleActivities({ database }),
  });
}
