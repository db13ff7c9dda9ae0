/**
 * Origins disagree on what a path means: some cut parameters off before they decode, some after, some decode twice. A
 * deny has to hold for each of them.
 */

/** What an origin may do to a path, in whatever order and as often as it likes. */
const STEPS: readonly ((path: string) => string)[] = [
  decode,
  (path) => path.replaceAll('\\', '/'),
  // Parameters of a segment, as in `/a;b=c/d`.
  (path) => path.replace(/;[^/]*/g, ''),
  (path) => path.replace(/[\0?#].*$/s, ''),
  // Windows takes no notice of these.
  (path) => path.replace(/(?<![\s.])[\s.]+(?=\/|$)/g, ''),
  // The same file or folder again, by the type of its NTFS stream: `/a::$DATA`, `/a:$I30:$INDEX_ALLOCATION`.
  (path) => path.replace(/:[^/:]*:\$[^/]*/g, ''),
  // Some trim what they take a path apart into.
  (path) => path.replace(/\/\s+/g, '/'),
  foldWidth,
  resolveDots,
];

const MAX_READINGS = 64;

/** Every reading of a path, itself among them; null when there are more than anybody means. */
export function pathReadings(path: string): readonly string[] | null {
  const readings = new Set([path]);
  // A set goes on to what is added while it is gone through.
  for (const reading of readings) {
    if (readings.size > MAX_READINGS) return null;
    for (const step of STEPS) readings.add(step(reading));
  }
  return [...readings];
}

/** Removes `.`, `..` and empty segments (RFC 3986 5.2.4). */
export function resolveDots(path: string): string {
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

/** One level of percent-encoding, and ASCII in more bytes of UTF-8 than it takes (`%C0%AF` for a slash). */
function decode(path: string): string {
  return path
    .replace(/%(?:C|E0%8|F0%80%8)([01])%([89AB][0-9A-F])/gi, (_, high: string, low: string) =>
      String.fromCharCode(Number(high) * 64 + (Number.parseInt(low, 16) & 63)),
    )
    .replace(/%([0-9A-F]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** UTF-8 as origins see it that apply NFKC: a full-width slash, dot or letter is the plain one. */
function foldWidth(path: string): string {
  return path.replace(/[\xC2-\xF4][\x80-\xBF]+/g, (bytes) => Buffer.from(bytes, 'latin1').toString().normalize('NFKC'));
}
