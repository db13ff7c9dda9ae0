import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';
import { type FailureType, isFailureType } from '../contracts/failures.ts';

/** Which failure of ours an error of an activity is; anything unclassified is `Internal`. */
export function failureTypeOf(error: unknown): FailureType {
  if (!(error instanceof ActivityFailure)) return 'Internal';
  const cause = error.cause;
  if (cause instanceof ApplicationFailure && isFailureType(cause.type)) return cause.type;
  if (cause instanceof TimeoutFailure) return timedOut(error.activityType, cause);
  return 'Internal';
}

function timedOut(activity: string, timeout: TimeoutFailure): FailureType {
  // When attempts ran until the time was over, the last of them says why.
  if (timeout.cause instanceof ApplicationFailure && isFailureType(timeout.cause.type)) return timeout.cause.type;
  switch (activity) {
    case 'callModel':
      return 'ModelUnavailable';
    case 'runTool':
      return timeout.timeoutType === 'SCHEDULE_TO_START' ? 'RunnerUnavailable' : 'ToolOutcomeUnknown';
    case 'provisionSandbox':
    case 'placeSandbox':
      return 'RunnerUnavailable';
    default:
      return 'Internal';
  }
}
