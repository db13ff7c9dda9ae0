import { pathReadings, resolveDots } from './path-readings.ts';

/**
 * Paths, in the one form in which they are judged and sent. What a client writes and what an origin understands must
 * be the same, or a rule about `/v1` says nothing about `/v1/../admin`.
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
/** Not of a path by RFC 3986 3.3, but sent as they are by some clients; WHATWG URL encodes the same ones. */
const UNWISE = /["<>^`{}]/g;
/**
 * Origins disagree on where these lead: a slash, backslash, dot or control that is encoded, however often, or is UTF-8
 * of more bytes than it takes; and something behind the dots of a dot segment, as in `..;`.
 */
const AMBIGUOUS = /%(?:25)*(?:2[EF]|5C|[01][0-9A-F]|7F|C[01]|E0%(?:25)*[89]|F0%(?:25)*8)|(?:^|\/)\.{1,2}(?:;|%)/i;

/**
 * Normalizes the path of a request (RFC 3986 6.2.2): unreserved characters are decoded, other escapes upper-cased,
 * `.` and `..` resolved, and repeated slashes become one. Takes the path of a request line, without its query.
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
 * Whether a path lies under one of the prefixes, on a segment border: `/v1` covers `/v1` and `/v1/x`, not `/v10`.
 * No prefixes cover every path. A path that origins may read in two ways is under no prefix but `/`.
 */
export function matchesPath(prefixes: readonly string[], path: string): boolean {
  if (prefixes.length === 0) return true;
  if (isAmbiguous(path)) return prefixes.includes('/');
  return prefixes.some((prefix) => coversPath(prefix, path));
}

/** Whether origins may read a path in more than one way. */
export function isAmbiguous(path: string): boolean {
  return AMBIGUOUS.test(path);
}

/** As {@link matchesPath}, for a deny: any reading of a path that lies under a prefix is enough, in whatever letters. */
export function mayMatchPath(prefixes: readonly string[], path: string): boolean {
  if (prefixes.length === 0) return true;
  // Only now in lower case: decoding brings capitals too.
  const readings = pathReadings(path)?.map((reading) => reading.toLowerCase());
  if (!readings) return true;
  return prefixes.some((prefix) => readings.some((reading) => coversPath(prefix.toLowerCase(), reading)));
}

/** Whether one prefix covers a path or another prefix. */
export function coversPath(prefix: string, path: string): boolean {
  if (prefix === '/' || prefix === path) return true;
  return path.startsWith(prefix) && (prefix.endsWith('/') || path[prefix.length] === '/');
}
