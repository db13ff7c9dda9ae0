import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';

/**
 * An activity that is one short transaction is tried once inside the workflow task, as a local activity: that costs no
 * trip through the server, of which a turn would otherwise make four around its work. What does not work out there is
 * handed to the ordinary activity, whose attempts hold through an outage without adding to the history. Both may
 * run, also when a workflow task is repeated, so this is for idempotent activities only.
 */
export function hereFirst<Input, Result>(
  here: (input: Input) => Promise<Result>,
  elsewhere: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Result> {
  return async (input) => {
    try {
      return await here(input);
    } catch (error) {
      if (isCancellation(error) || isFinal(error)) throw error;
      return await elsewhere(input);
    }
  };
}

/** What no further attempt mends. */
function isFinal(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && !!error.cause.nonRetryable;
}
