import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';

/** Stable codes of this room's own errors, for logs and alerts. */
export type SlackErrorCode = 'slack_rate_limited' | 'slack_lookup_unavailable' | 'slack_settings';

/** A method may not be called for `waitMs` milliseconds, because of our own limit or Slack's `Retry-After`. */
export class RateLimited extends Error {
  readonly code: SlackErrorCode = 'slack_rate_limited';
  readonly waitMs: number;
  constructor(method: string, waitMs: number) {
    super(`${method} may be called again in ${waitMs} ms`);
    this.waitMs = waitMs;
  }
}

/** Slack's directory did not answer. The same request may be sent again. */
export class LookupUnavailable extends Error {
  readonly code: SlackErrorCode = 'slack_lookup_unavailable';
}

/**
 * Nothing is wrong, it is only too early. The caller waits and tries again, and this does not count as an attempt.
 * `waitMs` says when to try again. `over`, if given, settles as soon as there is no reason to wait any more.
 */
export class TryAgain extends Error {
  readonly waitMs: number;
  readonly over: Promise<unknown> | null;
  constructor(reason: string, waitMs = 500, over: Promise<unknown> | null = null) {
    super(reason);
    this.waitMs = waitMs;
    this.over = over;
  }
}

/**
 * What a failed call means. After `limited` and `refused` it had no effect. After `unknown` it may have had one: there
 * was no answer, or a server error, or a code with which Slack says that it does not know.
 */
export type Failure =
  | { readonly kind: 'limited'; readonly waitMs: number }
  | { readonly kind: 'refused'; readonly code: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Slack's documentation: "it is possible some aspect of the operation succeeded before the error was raised". */
const UNSURE_CODES = new Set(['fatal_error', 'internal_error', 'service_unavailable', 'request_timeout']);
/** The workspace no longer accepts our token. Messages are not given up, because an operator can repair this. */
const TOKEN_CODES = new Set(['invalid_auth', 'account_inactive', 'token_revoked', 'token_expired', 'not_authed']);
const LIMIT_CODES = new Set(['ratelimited', 'rate_limited', 'message_limit_exceeded']);
const DEFAULT_WAIT_MS = 30_000;

/** What a failed call means: `limited` (wait), `refused` (it did not happen), or `unknown` (it may have happened). */
export function failureOf(error: unknown): Failure {
  if (error instanceof RateLimited) return { kind: 'limited', waitMs: error.waitMs };
  if (error instanceof WebAPIRateLimitedError)
    return { kind: 'limited', waitMs: Math.max(error.retryAfter, 1) * 1_000 };
  if (error instanceof WebAPIPlatformError) {
    const code = error.data.error;
    if (LIMIT_CODES.has(code)) return { kind: 'limited', waitMs: DEFAULT_WAIT_MS };
    return UNSURE_CODES.has(code) ? { kind: 'unknown', reason: code } : { kind: 'refused', code };
  }
  if (error instanceof WebAPIHTTPError) return { kind: 'unknown', reason: `HTTP ${error.statusCode}` };
  return { kind: 'unknown', reason: error instanceof Error ? error.message : String(error) };
}

/** Whether Slack refuses our token, and with it every call. */
export function isTokenRefused(failure: Failure): boolean {
  return failure.kind === 'refused' && TOKEN_CODES.has(failure.code);
}

/** Whether an error comes of talking to Slack, and not of a mistake of ours. A wait for a rate limit that took too long counts, too. */
export function isOfSlack(error: unknown): error is Error {
  return (
    error instanceof RateLimited ||
    error instanceof LookupUnavailable ||
    error instanceof TryAgain ||
    error instanceof WebAPIHTTPError ||
    error instanceof WebAPIPlatformError ||
    error instanceof WebAPIRateLimitedError ||
    error instanceof WebAPIRequestError ||
    (error instanceof Error && error.name === 'TimeoutError')
  );
}
