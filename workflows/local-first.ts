import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';

/**
 * Tries a short transaction once inside the workflow task, as a local activity, and hands it to the ordinary activity
 * when that does not work out. The local attempt saves a trip through the server, of which a turn would otherwise make
 * four around its work. The ordinary activity holds through an outage without adding to the history. Both may run, also
 * when a workflow task is repeated, so this is for idempotent activities only.
 *
 * @example
 * const endTurn = localFirst(localAttempts.endTurn, unlimitedRecords.endTurn);
 */
export function localFirst<Input, Result>(
  local: (input: Input) => Promise<Result>,
  ordinary: (input: Input) => Promise<Result>,
): (input: Input) => Promise<Result> {
  return async (input) => {
    try {
      return await local(input);
    } catch (error) {
      if (isCancellation(error) || isFinal(error)) throw error;
      return await ordinary(input);
    }
  };
}

/** What no further attempt mends. */
function isFinal(error: unknown): boolean {
  return error instanceof ActivityFailure && error.cause instanceof ApplicationFailure && !!error.cause.nonRetryable;
}
