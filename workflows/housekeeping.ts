import {
  condition,
  continueAsNew,
  defineSignal,
  isCancellation,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import {
  DO_NOW,
  type DueTask,
  HOUSEKEEPING_TASKS,
  type HousekeepingActivities,
  type HousekeepingTask,
} from '../contracts/housekeeping.ts';
import { AGENT_QUEUE } from '../contracts/task-queues.ts';

/** A run hands over to the next one at this size. Fifteen minutes in an installation where nothing happens. */
const HAND_OVER_AT_EVENTS = 1_000;

/** A worker that dies is noticed by the time limit. A task that fails all along is given up, so that a run can hand over. */
const housework: HousekeepingActivities = proxyActivities<HousekeepingActivities>({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '2m',
  retry: { initialInterval: '1s', maximumInterval: '15s' },
});
/** A task that was given up is tried again after this long. */
const AFTER_FAILURE_MS = 15_000;

export const doNowSignal = defineSignal<[HousekeepingTask]>(DO_NOW);

/** What the next run must know. Without it every task is due at once. */
export interface HousekeepingRun {
  readonly tasks: readonly DueTask[];
}

/**
 * Looks after the installation: ends turns whose workflow is gone, keeps Temporal's Schedules in step with the access file, and
 * deletes what is too old. It never ends. Each task is repeated in a rhythm of its own, which its activity decides; a signal
 * makes one due now.
 *
 * @example
 *   client.workflow.signalWithStart('housekeeping', { workflowId: HOUSEKEEPING_ID, signal: DO_NOW, signalArgs: ['syncSchedules'], … })
 */
export async function housekeeping(run?: HousekeepingRun): Promise<void> {
  const tasks = run?.tasks ?? HOUSEKEEPING_TASKS.map((task) => ({ task, dueAt: 0 }));
  /** Tasks that somebody wants done now. */
  const asked = new Set<HousekeepingTask>();
  const isLong = () => workflowInfo().historyLength > HAND_OVER_AT_EVENTS || workflowInfo().continueAsNewSuggested;
  let handingOver = false;
  setHandler(doNowSignal, (task) => {
    // A signal may hold anything.
    if (HOUSEKEEPING_TASKS.includes(task)) asked.add(task);
  });

  const repeat = async ({ task, dueAt }: DueTask): Promise<DueTask> => {
    for (let due = dueAt; ; ) {
      const waitMs = due - Date.now();
      if (waitMs > 0) await condition(() => asked.has(task) || handingOver, waitMs);
      if (handingOver) return { task, dueAt: asked.has(task) ? 0 : due };
      asked.delete(task);
      due = Date.now() + (await perform(task));
      if (isLong()) handingOver = true;
    }
  };

  const next = await Promise.all(tasks.map(repeat));
  // A task that a newer version has added begins with the next run.
  const added = HOUSEKEEPING_TASKS.filter((task) => !next.some((known) => known.task === task));
  await continueAsNew<typeof housekeeping>({ tasks: [...next, ...added.map((task) => ({ task, dueAt: 0 }))] });
}

/** Performs a task and returns in how many milliseconds to do it again. */
async function perform(task: HousekeepingTask): Promise<number> {
  try {
    return (await housework[task]()).againInMs;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return AFTER_FAILURE_MS;
  }
}
