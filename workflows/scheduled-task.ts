import {
  ActivityCancellationType,
  type ActivityInterfaceFor,
  ApplicationFailure,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
  workflowInfo,
} from '@temporalio/workflow';
import type { FiringInput, ScheduleActivities } from '../contracts/activities.ts';
import { type FailureType, NON_RETRYABLE } from '../contracts/failures.ts';
import type { SessionId } from '../contracts/ids.ts';
import { AGENT_QUEUE } from '../contracts/task-queues.ts';
import { failureTypeOf } from './failure-type-of.ts';
import { readFiring } from './workflow-input.ts';

const retry = { initialInterval: '500ms', maximumInterval: '10s', nonRetryableErrorTypes: NON_RETRYABLE } as const;

/** Transactions, repeated until they are done; the opening message is in Slack or waited for up to a day. */
const openings: ActivityInterfaceFor<Pick<ScheduleActivities, 'openThread' | 'askInThread'>> = proxyActivities({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '24h',
  retry,
});

/** Only looks; a worker that goes away is replaced by the next attempt. */
const waiting: ActivityInterfaceFor<Pick<ScheduleActivities, 'awaitTurn'>> = proxyActivities({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '24h',
  scheduleToCloseTimeout: '24h',
  heartbeatTimeout: '30s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/** One transaction, which must happen in the end: no thread is left silent. */
const telling: ActivityInterfaceFor<Pick<ScheduleActivities, 'tellFiringFailed'>> = proxyActivities({
  taskQueue: AGENT_QUEUE,
  startToCloseTimeout: '30s',
  retry,
});

/**
 * One firing of a schedule: opens a thread in its channel, asks the task there, and stays open until the turn has
 * ended, so that overlap and failure counts of the schedule judge the work and not its start. Why a firing failed is
 * said in its thread, or in the channel while it has none.
 */
export async function scheduledTask(given: unknown): Promise<string> {
  const firing: FiringInput = { schedule: readFiring(given), firedAt: dueAt().toISOString() };
  let session: SessionId | null = null;
  try {
    const opened = await openings.openThread(firing);
    if (opened === null) return 'the schedule is not in the access file any more';
    session = opened.session;
    setCurrentDetails(`session ${session}`);
    await openings.askInThread({ ...firing, session });
    const ending = await waiting.awaitTurn({ ...firing, session });
    if (ending === 'failed') {
      throw ApplicationFailure.nonRetryable('the turn failed', 'ScheduledTurnFailed' satisfies FailureType);
    }
    return ending;
  } catch (error) {
    if (!isCancellation(error)) {
      await telling.tellFiringFailed({ ...firing, session, failure: failureTypeOf(error) });
    }
    throw error;
  }
}

/** The time this firing was due: Temporal's own mark on it, so that a late run still names its minute. */
function dueAt(): Date {
  const { searchAttributes, startTime } = workflowInfo();
  const due = searchAttributes.TemporalScheduledStartTime?.[0];
  return due instanceof Date ? due : startTime;
}
