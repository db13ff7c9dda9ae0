/** The value of `retry-after-ms`, or of `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(headers: Headers | undefined, now: number): number | null {
  const exact = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  if (exact >= 0) return exact;
  const after = headers?.get('retry-after');
  if (!after) return null;
  const seconds = Number(after);
  const wait = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(after) - now;
  return Number.isFinite(wait) ? Math.max(0, wait) : null;
}

/** What a status says of a failed call, whoever the vendor is. Undefined for a status that says nothing. */
export function failureOfStatus(
  status: number | undefined,
): 'ModelUnauthorized' | 'ModelRateLimited' | 'ModelUnavailable' | 'ModelRefusedRequest' | undefined {
  if (status === undefined || status < 400) return undefined;
  if (status === 401 || status === 402 || status === 403) return 'ModelUnauthorized';
  if (status === 429) return 'ModelRateLimited';
  if (status === 408 || status === 409 || status >= 500) return 'ModelUnavailable';
  return 'ModelRefusedRequest';
}

/** An error that no class of the vendor's SDK describes. */
export function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : 'unknown error';
}
