/** The workflow that looks after the whole installation. There is only one, even when many workers start it many times. */
export const HOUSEKEEPING_ID = 'bellhop-housekeeping';

/** What the housekeeper does, each task in its own rhythm. Each is an activity of the same name. */
export const HOUSEKEEPING_TASKS = ['endAbandonedTurns', 'syncSchedules', 'deleteOldRows'] as const;
export type HousekeepingTask = (typeof HOUSEKEEPING_TASKS)[number];

/** Signal of a task that is due now. */
export const DO_NOW = 'doNow';

/** When to do a task again, in milliseconds. The activity says so, so that a rhythm can change without a new workflow. */
export interface Again {
  readonly againInMs: number;
}

/** A task with the time at which it is due, in milliseconds since 1970. */
export interface DueTask {
  readonly task: HousekeepingTask;
  readonly dueAt: number;
}

/** Done by any agent worker, on the shared queue. Each is short, and may be repeated at any time. */
export type HousekeepingActivities = Readonly<Record<HousekeepingTask, () => Promise<Again>>>;
