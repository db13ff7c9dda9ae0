import Anthropic from '@anthropic-ai/sdk';
import { ModelError, type ModelFailure } from '../errors.ts';

const BY_TYPE: Readonly<Record<string, ModelFailure>> = {
  invalid_request_error: 'ModelRefusedRequest',
  not_found_error: 'ModelRefusedRequest',
  request_too_large: 'ModelRefusedRequest',
  authentication_error: 'ModelUnauthorized',
  permission_error: 'ModelUnauthorized',
  billing_error: 'ModelUnauthorized',
  rate_limit_error: 'ModelRateLimited',
};

/**
 * Turns an error of the SDK into one of our types. An error event inside a stream has no status, so its `type` decides.
 * Every unknown error counts as unavailable and is tried again.
 * Source: https://platform.claude.com/docs/en/api/errors
 */
export function classifyAnthropicError(error: unknown, now: () => number = Date.now): ModelError {
  if (error instanceof ModelError) return error;
  if (!(error instanceof Anthropic.APIError)) {
    return new ModelError('ModelUnavailable', `the model's answer could not be read: ${nameOf(error)}`, {
      cause: error,
    });
  }
  const status = typeof error.status === 'number' ? error.status : undefined;
  const code = (status === undefined ? undefined : byStatus(status)) ?? BY_TYPE[error.type ?? ''] ?? 'ModelUnavailable';
  const said = error.apiMessage ?? error.message;
  return new ModelError(code, `${status ?? 'no status'} ${error.type ?? ''}: ${said}`.slice(0, 500), {
    status,
    retryAfterMs: retryAfterMs(error.headers, now()),
    tooLong: code === 'ModelRefusedRequest' && (status === 413 || /too long|too large|context window/i.test(said)),
    cause: error,
  });
}

function byStatus(status: number): ModelFailure | undefined {
  if (status === 401 || status === 402 || status === 403) return 'ModelUnauthorized';
  if (status === 429) return 'ModelRateLimited';
  if (status === 408 || status === 409 || status >= 500) return 'ModelUnavailable';
  if (status >= 400) return 'ModelRefusedRequest';
  return undefined;
}

/** The value of `retry-after-ms`, or of `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3). */
function retryAfterMs(headers: Headers | undefined, now: number): number | null {
  const exact = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (exact >= 0) return exact;
  const after = headers?.get('retry-after');
  if (!after) return null;
  const seconds = Number(after);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(after) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 300) : 'unknown error';
}
