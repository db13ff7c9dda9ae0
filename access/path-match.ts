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
/** An encoded slash, backslash or control, one encoded twice, or `..;`: origins disagree on where that leads. */
const AMBIGUOUS = /%(?:2F|5C|[01][0-9A-F]|7F|25(?:2[ef]|5c))|(?:^|\/)\.{1,2}(?:;|%3B)/i;

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
  if (AMBIGUOUS.test(path)) return prefixes.includes('/');
  return prefixes.some((prefix) => coversPath(prefix, path));
}

/** As {@link matchesPath}, for a deny: any reading of an ambiguous path that lies under a prefix is enough. */
export function mayMatchPath(prefixes: readonly string[], path: string): boolean {
  if (prefixes.length === 0) return true;
  const reading = resolveDots(
    path
      .replace(/%252e/gi, '.')
      .replace(/%(?:25)?(?:2F|5C)/gi, '/')
      .replace(/(?:;|%3B)[^/]*/g, ''),
  );
  return prefixes.some((prefix) => coversPath(prefix, path) || coversPath(prefix, reading));
}

/** Whether one prefix covers a path or another prefix. */
export function coversPath(prefix: string, path: string): boolean {
  if (prefix === '/' || prefix === path) return true;
  return path.startsWith(prefix) && (prefix.endsWith('/') || path[prefix.length] === '/');
}

function resolveDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.' && segment !== '') kept.push(segment);
    // What ends in a slash, or in a dot segment, names a folder: RFC 3986 5.2.4 keeps the slash.
    if (last && kept.length > 0 && (segment === '' || segment === '.' || segment === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}
