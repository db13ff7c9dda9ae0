import Anthropic from '@anthropic-ai/sdk';
import { ModelError, type ModelFailure } from '../errors.ts';
import { failureOfStatus, nameOf, retryAfterMs } from './retry-after.ts';

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
 * Every unknown error counts as unavailable and is tried again. The words are cut by `withoutKey`, and not before.
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
  const code = failureOfStatus(status) ?? BY_TYPE[error.type ?? ''] ?? 'ModelUnavailable';
  const said = error.apiMessage ?? error.message;
  return new ModelError(code, `${status ?? 'no status'} ${error.type ?? ''}: ${said}`, {
    status,
    retryAfterMs: retryAfterMs(error.headers, now()),
    tooLong: code === 'ModelRefusedRequest' && (status === 413 || /too long|too large|context window/i.test(said)),
    cause: error,
  });
}
