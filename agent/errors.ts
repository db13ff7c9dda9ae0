import type { FailureType } from '../contracts/failures.ts';
import type { Trouble } from '../store/steps.ts';

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

/** A step that cannot go on, for a mistake of ours and never of a user or a model. */
export class StepError extends Error {
  override readonly name = 'StepError';
  readonly code = 'Internal' satisfies FailureType;
}

/** How many attempts of one step may end without a word, such as by the death of their process. */
const LOST_ATTEMPTS = 20;

/**
 * An attempt that failed has written its cause into the step's trouble; one that was lost has not. A step that kills its
 * process again and again is given up.
 *
 * @throws StepError
 */
export function assertNotLostTooOften(attempt: number, trouble: Trouble): void {
  const told = Object.values(trouble).reduce((sum, cause) => sum + (cause?.tries ?? 0), 0);
  const lost = attempt - 1 - told;
  if (lost >= LOST_ATTEMPTS) throw new StepError(`${lost} attempts of this step were lost without a word`);
}
