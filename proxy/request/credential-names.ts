/**
 * Under which names clients present credentials of their own, besides those of the connections themselves. Services
 * invent such names without end, so a header is judged by the words in its name.
 */

const WORDS = /(?:^|-)(?:auth|authentication|authorization|jwt|password|secret|session|token)(?:-|$)/;
const KEYS = /(?:^|-)(?:api|access|app|application|auth|client|functions|master|subscription)-?key(?:-|$)/;
/** Whose names say nothing. */
const NAMED: ReadonlySet<string> = new Set(['cookie', 'x-jfrog-art-api']);
/** Whose names only sound like it: where in a conversation one is, or what one holds a lock on. */
const HARMLESS: ReadonlySet<string> = new Set(['lock-token', 'mcp-session-id', 'x-ms-session-token']);

/**
 * Parameters of a query, as letters and digits alone. By whole names, not by words: `page_token` and
 * `continuation-token` are part of ordinary requests.
 */
const PARAMETERS: ReadonlySet<string> = new Set([
  'accesstoken',
  'apikey',
  'apitoken',
  'auth',
  'authorization',
  'authtoken',
  'clientsecret',
  'idtoken',
  'jobtoken',
  'jwt',
  'oauthtoken',
  'password',
  'privatetoken',
  'refreshtoken',
  'secret',
  'sessiontoken',
  'sig',
  'subscriptionkey',
  'token',
  'xamzsecuritytoken',
  'xamzsignature',
  'xgoogsignature',
]);

/** @param key in the form of `headerKey` */
export function isCredentialHeader(key: string): boolean {
  return (WORDS.test(key) || KEYS.test(key) || NAMED.has(key)) && !HARMLESS.has(key);
}

/** @param name as it stands in the query: origins decode it, and some take `.` and `[` for the end or for `_`. */
export function isCredentialParameter(name: string): boolean {
  const decoded = name.replace(/%([0-9A-F]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  const bare = decoded.toLowerCase().replace(/(?<=.)[[\0].*$/s, '');
  return PARAMETERS.has(bare.replace(/[^a-z0-9]/g, ''));
}
