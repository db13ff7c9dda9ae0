/** Why no token was issued. An OAuth error code of the token endpoint (RFC 6749 5.2), or one of these. */
export type TokenFailure =
  /** The token endpoint could not be connected. */
  | 'dns'
  | 'connect'
  | 'address_denied'
  | 'upstream_tls'
  /** It broke off, or did not answer in time. */
  | 'broke_off'
  | 'timeout'
  /** It answered with a redirect. Redirects are not followed. */
  | 'redirected'
  | 'answer_too_large'
  /** Its answer is not what the specification asks for. */
  | 'bad_answer'
  /** Its address is not an https URL of a host name. */
  | 'bad_token_url'
  /** The stored secret cannot be read as what its kind needs. */
  | 'bad_secret'
  /** The bundles of the scope grant no repository of the installation. */
  | 'no_repository_granted'
  /** The app's installation was suspended. */
  | 'installation_suspended'
  /** Another proxy is using the refresh token, or has stored a newer one. */
  | 'rotation_busy'
  | 'rotation_lost'
  /** The new refresh token could not be stored, or the stored one not be read. */
  | 'rotation_not_stored'
  /** What a person has granted has ended, and the service does not renew it. */
  | 'grant_ended'
  /** The OAuth client of an offer has no secret, or is not offered any more. */
  | 'no_client'
  /** Nothing above. */
  | 'failed';

/** What a code means where it does not say so itself. */
const WORDS: Partial<Record<TokenFailure, string>> = {
  dns: 'the host of the token endpoint was not found',
  connect: 'the token endpoint could not be connected',
  address_denied: 'the token endpoint has an address that may not be dialled',
  upstream_tls: 'the certificate of the token endpoint was not accepted',
  broke_off: 'the token endpoint closed the connection',
  timeout: 'the token endpoint did not answer in time',
  grant_ended: 'the service does not renew what was granted, so its owner has to connect it again',
  no_client: 'the OAuth client of the offer has no secret: an administrator has to enter it',
};

/**
 * No token could be got. `code` goes to the sandbox, so it is one of the list above, `http_` with a status, or an OAuth
 * error code that {@link oauthErrorCode} has let through. It never holds any other text of the token endpoint's.
 */
export class TokenError extends Error {
  readonly code: string;
  /** For the log and the event: addresses of the inside may be in it. Never any text of the answer. */
  readonly detail: string | null;
  constructor(code: TokenFailure | OAuthErrorCode | `http_${number}`, detail: string | null = null) {
    const words = WORDS[code as TokenFailure];
    super(`no token was issued (${code})${words ? `: ${words}` : ''}`);
    this.name = 'TokenError';
    this.code = code;
    this.detail = detail;
  }
}

declare const checked: unique symbol;
export type OAuthErrorCode = string & { readonly [checked]: 'oauth error code' };

/** All registered codes are words with underscores. A longer text, or one with digits, may be somebody's secret. */
const ERROR_CODE = /^[a-z]+(?:_[a-z]+)*$/;
const MAX_CODE = 40;

/**
 * The error code of a token endpoint's answer, or null when the text is no such code.
 *
 * @example
 *   oauthErrorCode('invalid_grant')      // 'invalid_grant'
 *   oauthErrorCode('xoxp-12-secret')     // null
 */
export function oauthErrorCode(value: unknown): OAuthErrorCode | null {
  if (typeof value !== 'string' || value.length > MAX_CODE || !ERROR_CODE.test(value)) return null;
  return value as OAuthErrorCode;
}

/** What to throw for an error of any kind, so that no unknown text reaches the sandbox. */
export function asTokenError(error: unknown): TokenError {
  if (error instanceof TokenError) return error;
  return new TokenError('failed', error instanceof Error ? error.name : null);
}
