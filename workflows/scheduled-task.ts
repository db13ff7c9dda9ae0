import { ApplicationFailure, isCancellation, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { FiringInput } from '../contracts/activities.ts';
import type { FailureType } from '../contracts/failures.ts';
import type { SessionId } from '../contracts/ids.ts';
import { failureNotice, threadOpening, turnWait } from './activity-proxies.ts';
import { failureTypeOf } from './failure-type-of.ts';
import { readFiring } from './workflow-input.ts';

/**
 * One firing of a schedule: opens a thread in its channel, asks the task there, and stays open until the turn has
 * ended. Therefore overlap and failure counts of the schedule judge the work and not its start. Why a firing failed is
 * said in its thread, or in the channel while it has none.
 *
 * @returns how the turn ended, for Temporal UI
 */
export async function scheduledTask(given: unknown): Promise<string> {
  const firing: FiringInput = { schedule: readFiring(given), firedAt: dueAt().toISOString() };
  let session: SessionId | null = null;
  try {
    const opened = await threadOpening.openThread(firing);
    if (opened === null) return 'the schedule is not in the access file any more';
    session = opened.session;
    setCurrentDetails(`session ${session}`);
    await threadOpening.askInThread({ ...firing, session });
    const ending = await turnWait.awaitTurn({ ...firing, session });
    if (ending === 'failed') {
      throw ApplicationFailure.nonRetryable('the turn failed', 'ScheduledTurnFailed' satisfies FailureType);
    }
    return ending;
  } catch (error) {
    if (!isCancellation(error)) {
      await failureNotice.tellFiringFailed({ ...firing, session, failure: failureTypeOf(error) });
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
