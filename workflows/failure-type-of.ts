import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { type FailureType, isFailureType } from '../contracts/failures.ts';

/** Which failure of ours an error is; anything unclassified is `Internal`. */
export function failureTypeOf(error: unknown): FailureType {
  if (error instanceof ApplicationFailure && isFailureType(error.type)) return error.type;
  if (!(error instanceof ActivityFailure)) return 'Internal';
  const cause = error.cause;
  if (cause instanceof ApplicationFailure && isFailureType(cause.type)) return cause.type;
  if (cause instanceof TimeoutFailure) return timedOut(error.activityType, cause);
  return 'Internal';
}

/** Whether nobody took a task in time. Then nothing of it was done by this attempt. */
export function wasNeverTaken(error: unknown): boolean {
  if (!(error instanceof ActivityFailure) || !(error.cause instanceof TimeoutFailure)) return false;
  return error.cause.timeoutType === 'SCHEDULE_TO_START';
}

function timedOut(activity: string, timeout: TimeoutFailure): FailureType {
  // The time was used up by attempts that failed. The last of them says why.
  if (timeout.cause instanceof ApplicationFailure && isFailureType(timeout.cause.type)) return timeout.cause.type;
  switch (activity) {
    case 'callModel':
      return 'ModelUnavailable';
    case 'runTool':
      return timeout.timeoutType === 'SCHEDULE_TO_START' ? 'RunnerUnavailable' : 'ToolOutcomeUnknown';
    case 'provisionSandbox':
    case 'placeSandbox':
      return 'RunnerUnavailable';
    case 'awaitTurn':
      return 'ScheduledTurnFailed';
    default:
      return 'Internal';
  }
}
