import { APIError } from 'openai';
import { ModelError, type ModelFailure } from '../errors.ts';
import { failureOfStatus, nameOf, retryAfterMs } from './retry-after.ts';

/** Codes and types that stand in errors without a status, as inside a stream. */
const BY_CODE: Readonly<Record<string, ModelFailure>> = {
  invalid_request_error: 'ModelRefusedRequest',
  invalid_prompt: 'ModelRefusedRequest',
  context_length_exceeded: 'ModelRefusedRequest',
  model_not_found: 'ModelRefusedRequest',
  invalid_api_key: 'ModelUnauthorized',
  authentication_error: 'ModelUnauthorized',
  permission_error: 'ModelUnauthorized',
  rate_limit_exceeded: 'ModelRateLimited',
  rate_limit_error: 'ModelRateLimited',
  tokens: 'ModelRateLimited',
  requests: 'ModelRateLimited',
  insufficient_quota: 'ModelUnauthorized',
};

/** The account has no money left. It has the status of a rate limit, and waiting does not help. */
const NO_MONEY = 'insufficient_quota';

/** How OpenAI, Azure, vLLM, Ollama and others say that a request is larger than the window. */
const TOO_LONG =
  /context[ _](?:length|window|size)|too long|too large|maximum context|exceeds? the (?:model|available)/i;

/**
 * Turns an error of the SDK into one of our types. The status decides, and without one the code or the type does. Every
 * unknown error counts as unavailable and is tried again. Nothing of the SDK's error goes along as a cause, because it
 * has the headers and the body of the answer, and a server may repeat a key in them. The words are cut by
 * `withoutKey`, and not before.
 * Source: https://platform.openai.com/docs/guides/error-codes
 */
export function classifyOpenAiError(error: unknown, now: () => number = Date.now): ModelError {
  if (error instanceof ModelError) return error;
  if (!(error instanceof APIError)) {
    return new ModelError('ModelUnavailable', `the model's answer could not be read: ${nameOf(error)}`);
  }
  const { status, type } = error;
  const code = error.code ?? undefined;
  const outOfMoney = code === NO_MONEY || type === NO_MONEY;
  const failed = outOfMoney
    ? 'ModelUnauthorized'
    : (failureOfStatus(status) ?? BY_CODE[code ?? ''] ?? failureOfCode(type ?? ''));
  const words = [status ?? 'no status', code ?? type ?? '', error.message].filter((word) => word !== '').join(' ');
  return new ModelError(failed, words, {
    ...(status !== undefined && { status }),
    retryAfterMs: retryAfterMs(error.headers, now()),
    tooLong:
      failed === 'ModelRefusedRequest' &&
      (status === 413 || code === 'context_length_exceeded' || TOO_LONG.test(error.message)),
  });
}

/** What a code or type of an error says, where no status does. */
export function failureOfCode(code: string): ModelFailure {
  return BY_CODE[code] ?? 'ModelUnavailable';
}
