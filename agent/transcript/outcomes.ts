/** What the model is told of tool calls that have no result of their own. */
export const UNKNOWN_OUTCOME =
  'Outcome unknown: the connection to this call was lost. It may have run in part, fully, or not at all. Look before you repeat it.';

export const NEVER_STARTED = 'Not run: the connection was lost before this call was started. It has changed nothing.';

export const CUT_CALL =
  'Not run: your answer was cut at its length limit before this call was complete. Do it in smaller pieces.';

export const OVER_LIMIT_NOT_RUN =
  'Not run: this turn has reached its limit. Ask again in the next turn if it is still needed.';

export const OVER_LIMIT_CUT = 'Ended before it was finished: this turn has reached its limit. It has run in part.';

/** The result of a call that a stop ended. `by` is the Slack id of who stopped it; null when nobody is known. */
export function stoppedOutcome(by: string | null, mayHaveRun: boolean): string {
  const who = by === null ? '' : ` by <@${by}>`;
  return mayHaveRun
    ? `Stopped${who} before it was finished. It may have run in part.`
    : `Not run: stopped${who} before it was started.`;
}
