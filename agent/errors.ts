import type { FailureType } from '../contracts/failures.ts';

/** The ways a model call fails, as `contracts/failures.ts` names them. */
export type ModelFailure = Extract<
  FailureType,
  'ModelRefusedRequest' | 'ModelUnauthorized' | 'ModelRateLimited' | 'ModelUnavailable'
>;

/** A failed model call. The message is for operators and holds no key and nothing of the conversation. */
export class ModelError extends Error {
  override readonly name = 'ModelError';
  /** Stable; becomes the type of the activity's failure. */
  readonly code: ModelFailure;
  /** HTTP status of the answer, null when none came. */
  readonly status: number | null;
  /** What the provider asked to wait before the next attempt, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** The request is larger than the model's window; a smaller one may pass. */
  readonly tooLong: boolean;

  constructor(
    code: ModelFailure,
    message: string,
    options: { status?: number; retryAfterMs?: number | null; tooLong?: boolean; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.tooLong = options.tooLong ?? false;
  }
}

/** The caller asked for something that the store does not know: a mistake of ours, never of a user or a model. */
export class UnknownStepError extends Error {
  override readonly name = 'UnknownStepError';
  readonly code = 'Internal' satisfies FailureType;
}
