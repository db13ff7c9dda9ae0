import { ApplicationFailure } from '@temporalio/common';
import { FAILURES, type FailureType } from '../contracts/failures.ts';

export interface FailureOptions {
  readonly cause?: unknown;
  /** The pause before the next attempt, in milliseconds: what the service asked for (`Retry-After`), or our own. */
  readonly retryAfterMs?: number | undefined;
  /** The budget of this cause is used up: no further attempt, although the type allows them. */
  readonly final?: boolean;
}

/** A failure of the closed union, retryable or not as its table says. Messages and causes are stored: no secrets. */
export function failure(type: FailureType, message: string, options: FailureOptions = {}): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: options.final === true || !FAILURES[type].retry,
    ...(options.cause instanceof Error && { cause: options.cause }),
    ...(options.retryAfterMs !== undefined && { nextRetryDelay: options.retryAfterMs }),
  });
}

/** The failure of what came too late to do anything in a turn that is over. Nobody waits for it any more. */
export function turnOver(turn: number, cause?: unknown): ApplicationFailure {
  return failure('SessionEnded', `turn ${turn} is over`, { cause });
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
