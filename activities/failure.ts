import { ApplicationFailure } from '@temporalio/common';
import { FAILURES, type FailureType } from '../contracts/failures.ts';

export interface FailureOptions {
  readonly cause?: unknown;
  /** What the service asked for (`Retry-After`), or a pace of our own. */
  readonly retryAfterMs?: number | undefined;
}

/** A failure of the closed union, retryable or not as its table says. Messages and causes are stored: no secrets. */
export function failure(type: FailureType, message: string, options: FailureOptions = {}): ApplicationFailure {
  return ApplicationFailure.create({
    type,
    message,
    nonRetryable: !FAILURES[type].retry,
    ...(options.cause instanceof Error && { cause: options.cause }),
    ...(options.retryAfterMs !== undefined && { nextRetryDelay: options.retryAfterMs }),
  });
}

/** What came too late to do anything in a turn that was settled. Nobody waits for it any more. */
export function turnOver(turn: number, cause?: unknown): ApplicationFailure {
  return failure('SessionEnded', `turn ${turn} is over`, { cause });
}
