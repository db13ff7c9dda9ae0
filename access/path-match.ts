import { hasReadings, pathReadings, resolveDots } from './path-readings.ts';

/**
 * Paths in canonical form. The proxy judges this form and sends this form, so that the host cannot read another path
 * than the one that was judged. Otherwise a rule for `/v1` would let `/v1/../admin` through.
 */

export type CanonicalPath =
  | { readonly path: string }
  | {
      /** Why it cannot be judged, as the end of a sentence. */
      readonly refused: string;
    };

const UNRESERVED = /^[A-Za-z0-9\-._~]$/;
/** Visible ASCII, except what would end the path. */
const PATH = /^\/[\x21\x22\x24-\x3e\x40-\x5b\x5d-\x7e]*$/;
/**
 * Characters that RFC 3986 3.3 does not allow in a path but some clients send. They are encoded, as WHATWG URL does.
 */
const UNWISE = /["<>^`{}]/g;
/**
 * Parts of a path that servers read in different ways: an encoded slash, backslash, dot or control character, also when
 * encoded several times or as overlong UTF-8; and a dot segment with something behind it, as in `..;`.
 */
const AMBIGUOUS = /%(?:25)*(?:2[EF]|5C|[01][0-9A-F]|7F|C[01]|E0%(?:25)*[89]|F0%(?:25)*8)|(?:^|\/)\.{1,2}(?:;|%)/i;

/**
 * Normalizes the path of a request (RFC 3986 6.2.2): unreserved characters are decoded, other escapes are written in
 * upper case, `.` and `..` are resolved, and repeated slashes become one.
 *
 * @param raw the path of a request line, without its query
 * @example
 *   canonicalPath('/v1//%7Eme/../x') // { path: '/v1/x' }
 */
export function canonicalPath(raw: string): CanonicalPath {
  if (!raw.startsWith('/')) return { refused: 'does not begin with a slash' };
  if (raw.includes('\\')) return { refused: 'has a backslash' };
  if (/%(?![0-9A-Fa-f]{2})/.test(raw)) return { refused: 'has a percent sign that encodes nothing' };
  if (!PATH.test(raw)) return { refused: 'has a character that belongs percent-encoded' };
  const decoded = raw.replace(/%[0-9A-Fa-f]{2}/g, (triplet) => {
    const character = String.fromCharCode(Number.parseInt(triplet.slice(1), 16));
    return UNRESERVED.test(character) ? character : triplet.toUpperCase();
  });
  return { path: resolveDots(decoded.replace(UNWISE, encodeURIComponent)) };
}

/**
 * Whether a rule's prefixes cover a path, by whole segments: `/v1` covers `/v1` and `/v1/x`, not `/v10`. An empty list
 * covers every path. A prefix covers a path only if it covers every reading of it, so that no server finds something
 * else there. A path with an encoded separator or dot is covered only by `/`, also when all its readings lie below.
 */
export function matchesPath(prefixes: readonly string[], path: string): boolean {
  if (prefixes.length === 0 || prefixes.includes('/')) return true;
  const covering = prefixes.filter((prefix) => coversPath(prefix, path));
  if (covering.length === 0 || isAmbiguous(path)) return false;
  if (!hasReadings(path)) return true;
  const readings = pathReadings(path);
  return readings !== null && covering.some((prefix) => coversAll(prefix, readings));
}

/** Whether all readings lie below a prefix, or below what servers may read in place of it. */
function coversAll(prefix: string, readings: readonly string[]): boolean {
  const own = hasReadings(prefix) ? (pathReadings(prefix) ?? [prefix]) : [prefix];
  return readings.every((reading) => own.some((each) => coversPath(each, reading)));
}

/** Whether servers may read a path in more than one way. */
export function isAmbiguous(path: string): boolean {
  return AMBIGUOUS.test(path);
}

/** The same for guardrails, but broader: one reading of the path under a prefix is enough, in upper or lower case. */
export function mayMatchPath(prefixes: readonly string[], path: string): boolean {
  if (prefixes.length === 0) return true;
  // Lower-cased after decoding, because decoding can produce capitals.
  const readings = pathReadings(path)?.map((reading) => reading.toLowerCase());
  if (!readings) return true;
  return prefixes.some((prefix) => readings.some((reading) => coversPath(prefix.toLowerCase(), reading)));
}

/** Whether one prefix covers a path or another prefix. */
export function coversPath(prefix: string, path: string): boolean {
  if (prefix === '/' || prefix === path) return true;
  return path.startsWith(prefix) && (prefix.endsWith('/') || path[prefix.length] === '/');
}
