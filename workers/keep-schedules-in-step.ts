import type { Logger } from 'pino';
import { listenTo } from '../store/notifications.ts';
import { type SyncSchedulesDependencies, syncSchedules } from './sync-schedules.ts';

/** A notification is a hint; this is how late a change is noticed without one. */
const EVERY_MS = 60_000;

export interface KeepSchedulesDependencies extends SyncSchedulesDependencies {
  readonly databaseUrl: string;
  readonly log: Logger;
}

/** Syncs at start, after each change of the access file, and every minute. Rounds never overlap. */
export function keepSchedulesInStep(dependencies: KeepSchedulesDependencies): { stop(): Promise<void> } {
  const { databaseUrl, log } = dependencies;
  let round = Promise.resolve();
  const sync = (): void => {
    round = round.then(async () => {
      try {
        const { created, updated, deleted } = await syncSchedules(dependencies);
        if (created.length + updated.length + deleted.length > 0) log.info({ created, updated, deleted }, 'schedules');
      } catch (error) {
        log.warn({ err: error }, 'schedules are not in step yet');
      }
    });
  };
  const notifications = listenTo({ url: databaseUrl, name: 'agent', channels: ['bellhop_policy'], onNotify: sync });
  const timer = setInterval(sync, EVERY_MS);
  sync();
  return {
    async stop() {
      clearInterval(timer);
      await notifications.stop();
      await round;
    },
  };
}
