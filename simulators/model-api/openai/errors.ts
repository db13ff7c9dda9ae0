const KINDS: Readonly<Record<number, readonly [type: string, code: string | null]>> = {
  400: ['invalid_request_error', null],
  401: ['invalid_request_error', 'invalid_api_key'],
  404: ['invalid_request_error', 'model_not_found'],
  413: ['invalid_request_error', 'request_too_large'],
  429: ['requests', 'rate_limit_exceeded'],
};

/** An error body as OpenAI sends it. Source: https://platform.openai.com/docs/guides/error-codes */
export function openAiError(status: number, message: string): object {
  const [type, code] = KINDS[status] ?? ['server_error', null];
  return { error: { message, type, param: null, code } };
}
