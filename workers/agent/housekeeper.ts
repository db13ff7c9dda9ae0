import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { DO_NOW, HOUSEKEEPING_ID, type HousekeepingTask } from '../../contracts/housekeeping.ts';
import { AGENT_QUEUE } from '../../contracts/task-queues.ts';
import { listenTo } from '../../store/notifications.ts';
import type { housekeeping } from '../../workflows/housekeeping.ts';
import { every } from '../every.ts';

export interface HousekeeperDependencies {
  readonly client: Client;
  readonly databaseUrl: string;
  readonly log: Logger;
}

/** One that an operator has terminated is started again within this time. */
const ENSURE_EVERY_MS = 60_000;

/**
 * Sees to it that the installation's one housekeeper runs, and hands a change of the access file on to it. Every agent worker does
 * this: starting one that runs already, and asking twice for the same task, change nothing.
 */
export function keepHousekeeper({ client, databaseUrl, log }: HousekeeperDependencies): { stop(): Promise<void> } {
  const options = { workflowId: HOUSEKEEPING_ID, taskQueue: AGENT_QUEUE, args: [] as [] };
  const ensure = async (): Promise<void> => {
    await client.workflow.start<typeof housekeeping>('housekeeping', {
      ...options,
      workflowIdConflictPolicy: 'USE_EXISTING',
      staticSummary: 'looks after this installation',
    });
  };
  const ask = async (task: HousekeepingTask): Promise<void> => {
    await client.workflow.signalWithStart<typeof housekeeping, [HousekeepingTask]>('housekeeping', {
      ...options,
      signal: DO_NOW,
      signalArgs: [task],
    });
  };
  const ensuring = every(ENSURE_EVERY_MS, 'starting the housekeeper', ensure, log);
  let asking: Promise<void> = Promise.resolve();
  const notifications = listenTo({
    url: databaseUrl,
    name: 'agent',
    channels: ['bellhop_policy'],
    onNotify() {
      // The task's own rhythm makes up for a signal that is not heard.
      asking = ask('syncSchedules').catch((error: unknown) =>
        log.warn({ err: error }, 'the housekeeper was not told of a change of the access file'),
      );
    },
  });
  return {
    async stop() {
      await Promise.all([ensuring.stop(), notifications.stop()]);
      await asking;
    },
  };
}
