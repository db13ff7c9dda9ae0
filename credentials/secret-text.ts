import type { CredentialKind } from '../access/document.ts';

const MAX_SECRET = 16_384;
/** Visible ASCII with inner spaces: what every server takes as a header value (RFC 9110 5.5). */
const HEADER_VALUE = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;
const CONTROL = /\p{Cc}/u;

/**
 * Why a secret cannot be a credential of its kind, or null when it can. Asked when it is sealed and again before it
 * is sent: a line break in a header value would begin a header of its own. The answer holds nothing of the secret.
 */
export function secretProblem(kind: CredentialKind, secret: string): string | null {
  if (secret === '') return 'is empty';
  if (Buffer.byteLength(secret) > MAX_SECRET) return `is longer than ${MAX_SECRET} bytes`;
  if (CONTROL.test(secret)) return 'has a line break or another control character';
  if (kind === 'basic') return /^[^:]+:/.test(secret) ? null : 'is not of the form user:password (RFC 7617)';
  if (!HEADER_VALUE.test(secret)) return 'has a space at an end or a character that no header value can have';
  return null;
}
