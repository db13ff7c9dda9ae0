/**
 * The ways in which servers read a path and a query. Some cut parameters off before they decode, some after, and some decode twice.
 * A guardrail must hold for one of them, a rule that allows for all of them.
 */

/** What trimming takes away. Java's `String.trim` takes every character up to the space. */
const BLANK = String.raw`[\s\0-\x1f]`;
const BLANKS_BEHIND = new RegExp(`(?<!${BLANK})${BLANK}+(?=/|$)`, 'g');
const BLANKS_BEFORE = new RegExp(`/${BLANK}+`, 'g');

/** Steps that a server may apply to a path, in any order and any number of times. */
const STEPS: readonly ((path: string) => string)[] = [
  decode,
  (path) => path.replaceAll('\\', '/'),
  // Parameters of a segment, as in `/a;b=c/d`.
  (path) => path.replace(/;[^/]*/g, ''),
  (path) => path.replace(/[\0?#].*$/s, ''),
  // Windows ignores spaces and dots at the end of a name.
  (path) => path.replace(/(?<![\s.])[\s.]+(?=\/|$)/g, ''),
  // Others ignore only the spaces, so that `/.. /` is a way up.
  (path) => path.replace(BLANKS_BEHIND, ''),
  // On NTFS a stream type names the same file or folder again: `/a::$DATA`, `/a:$I30:$INDEX_ALLOCATION`.
  (path) => path.replace(/:[^/:]*:\$[^/]*/g, ''),
  // Some servers trim each segment.
  (path) => path.replace(BLANKS_BEFORE, '/'),
  foldWidth,
  resolveDots,
];

const MAX_READINGS = 64;

/** What a step could change in a canonical path. Without any of it, a path has only one reading. */
const CHANGEABLE = /[%;]|:[^/]*\$|\.(?:\/|$)/;

/** Whether a path has more than one reading. Quick, because most paths of requests have only one. */
export function hasReadings(path: string): boolean {
  return CHANGEABLE.test(path);
}

/** Every reading of a path, the path itself included. Null for more than 64: no honest path has that many. */
export function pathReadings(path: string): readonly string[] | null {
  const readings = new Set([path]);
  // The loop also visits readings that are added while it runs.
  for (const reading of readings) {
    if (readings.size > MAX_READINGS) return null;
    for (const step of STEPS) readings.add(step(reading));
  }
  return [...readings];
}

/** No honest query is encoded more often. Each level costs a copy of the query. */
const MAX_LEVELS = 8;

/**
 * A query as it came, and with each level of its percent-encoding taken off, because a server may decode more than once. Null
 * for more than eight levels.
 */
export function queryReadings(query: string): readonly string[] | null {
  const readings = [query];
  for (let reading = decodeOnce(query); reading !== readings.at(-1); reading = decodeOnce(reading)) {
    if (readings.length > MAX_LEVELS) return null;
    readings.push(reading);
  }
  return readings;
}

/** Removes `.`, `..` and empty segments (RFC 3986 5.2.4). */
export function resolveDots(path: string): string {
  const kept: string[] = [];
  const segments = path.split('/').slice(1);
  for (const [index, segment] of segments.entries()) {
    const last = index === segments.length - 1;
    if (segment === '..') kept.pop();
    else if (segment !== '.' && segment !== '') kept.push(segment);
    // A path that ends in a slash or a dot segment names a folder, so it keeps a final slash (RFC 3986 5.2.4).
    if (last && kept.length > 0 && (segment === '' || segment === '.' || segment === '..')) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** Decodes one level of percent-encoding, and ASCII written as overlong UTF-8 (`%C0%AF` for a slash). */
function decode(path: string): string {
  return decodeOnce(
    path.replace(/%(?:C|E0%8|F0%80%8)([01])%([89AB][0-9A-F])/gi, (_, high: string, low: string) =>
      String.fromCharCode(Number(high) * 64 + (Number.parseInt(low, 16) & 63)),
    ),
  );
}

function decodeOnce(text: string): string {
  return text.replace(/%([0-9A-F]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Applies NFKC, as some servers do: a full-width slash, dot or letter becomes the plain one. */
function foldWidth(path: string): string {
  return path.replace(/[\xC2-\xF4][\x80-\xBF]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString().normalize('NFKC'));
}
