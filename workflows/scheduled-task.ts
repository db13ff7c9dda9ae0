import {
  ActivityCancellationType,
  type ActivityInterfaceFor,
  ApplicationFailure,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { FiringInput, ScheduleActivities } from '../contracts/activities.ts';
import { type FailureType, NON_RETRYABLE } from '../contracts/failures.ts';
import { AGENT_QUEUE } from '../contracts/task-queues.ts';

const retry = { initialInterval: '500ms', maximumInterval: '10s', nonRetryableErrorTypes: NON_RETRYABLE } as const;

/** Transactions, repeated until they are done; the opening message is in Slack or waited for up to a day. */
const opens: ActivityInterfaceFor<Pick<ScheduleActivities, 'openThread' | 'askInThread'>> = proxyActivities({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '24h',
  retry,
});

/** Only looks; a worker that goes away is replaced by the next attempt. */
const waits: ActivityInterfaceFor<Pick<ScheduleActivities, 'awaitTurn'>> = proxyActivities({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '24h',
  scheduleToCloseTimeout: '24h',
  heartbeatTimeout: '30s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/**
 * One firing of a schedule: opens a thread in its channel, asks the task there, and stays open until the turn has
 * ended, so that overlap and failure counts of the schedule judge the work and not its start.
 */
export async function scheduledTask({ schedule }: { readonly schedule: string }): Promise<string> {
  const firing: FiringInput = { schedule, firedAt: dueAt().toISOString() };
  const opened = await opens.openThread(firing);
  if (opened === null) return 'the schedule is not in the access file any more';
  setCurrentDetails(`session ${opened.session}`);
  await opens.askInThread({ ...firing, ...opened });
  const ending = await waits.awaitTurn({ ...firing, ...opened });
  if (ending === 'failed') {
    throw ApplicationFailure.nonRetryable('the turn failed', 'ScheduledTurnFailed' satisfies FailureType);
  }
  return ending;
}

/** The time this firing was due: Temporal's own mark on it, so that a late run still names its minute. */
function dueAt(): Date {
  const { searchAttributes, startTime } = workflowInfo();
  const due = searchAttributes.TemporalScheduledStartTime?.[0];
  return due instanceof Date ? due : startTime;
}
