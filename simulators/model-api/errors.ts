const TYPES: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'api_error',
  529: 'overloaded_error',
};

/** An error body as the real API sends it. Source: https://platform.claude.com/docs/en/api/errors */
export function errorBody(status: number, message: string, requestId: string) {
  const type = TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  return { type: 'error', error: { type, message }, request_id: requestId };
}
