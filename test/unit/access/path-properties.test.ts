import fc from 'fast-check';
import { canonicalPath, coversPath, matchesPath, mayMatchPath } from '../../../access/path-match.ts';

test('a path is in its canonical form after one reading', () => {
  const segment = fc.constantFrom('a', '..', '.', '', '%2e%2E', '%2f', '%41', 'b;c', '..;', '%5c', '%252e', '"', '~');
  const raw = fc.array(segment, { maxLength: 6 }).map((parts) => `/${parts.join('/')}`);
  fc.assert(
    fc.property(raw, (text) => {
      const first = canonicalPath(text);
      if (!('path' in first)) throw new Error(first.refused);
      expect(canonicalPath(first.path)).toEqual(first);
      expect(first.path).not.toMatch(/\/\/|\/\.{1,2}(?:\/|$)/);
    }),
  );
});

/** Paths as a hostile client writes them, in their canonical form. */
const hostilePath = fc
  .array(
    fc.constantFrom(
      ...[
        '/',
        '//',
        '.',
        '..',
        '%2e',
        '%2F',
        '%5c',
        '%25',
        '%252e',
        '%252f',
        '%25252f',
        ';',
        '%3b',
        '%253B',
        '..;',
        '.;',
      ],
      ...[
        'a',
        'v1',
        '%61',
        '%2561',
        '%00',
        '%3F',
        '%23',
        '%c0%af',
        '%c0%ae',
        '%e0%80%ae',
        '%e0%80%af',
        '%20',
        '~',
        ':',
      ],
      // What NFKC folds to dots, slashes and letters, and what Windows leaves out.
      ...[
        '%EF%BC%8E',
        '%E2%80%A5',
        '%E2%80%A4',
        '%EF%BC%8F',
        '%EF%BD%81',
        '%C2%A0',
        '..%20',
        '%20..',
        '::$DATA',
        '...',
      ],
    ),
    { minLength: 1, maxLength: 7 },
  )
  .chain((parts) => fc.constantFrom('/', '/v1/', '/a').map((start) => canonicalPath(start + parts.join(''))))
  .filter((parsed) => 'path' in parsed)
  .map((parsed) => ('path' in parsed ? parsed.path : ''));

/** What origins make of a path that they get. */
const ORIGINS: readonly ((path: string) => string)[] = (() => {
  const decoded = (path: string) =>
    path
      .replace(/%c0%a([ef])/gi, (_, low: string) => (/e/i.test(low) ? '.' : '/'))
      .replace(/%e0%80%a([ef])/gi, (_, low: string) => (/e/i.test(low) ? '.' : '/'))
      .replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  const bare = (path: string) => path.replace(/;[^/]*/g, '');
  const slashes = (path: string) => path.replaceAll('\\', '/');
  const cut = (path: string) => path.replace(/\0.*$/s, '');
  const folded = (path: string) => Buffer.from(path, 'latin1').toString().normalize('NFKC');
  const trimmed = (path: string) => path.replace(/[ \t]+(?=\/|$)|(?<=\/)[ \t]+/g, '');
  const windows = (path: string) =>
    path.replace(/(?<=[^/. ])[. ]+(?=\/|$)/g, '').replace(/:[^/:]*:\$DATA(?=\/|$)/gi, '');
  const resolved = (path: string) => new URL(`http://h${path.replace(/[?#]/g, '_')}`).pathname.replace(/\/{2,}/g, '/');
  return [
    decoded,
    (path) => resolved(decoded(path)),
    (path) => resolved(decoded(decoded(path))),
    (path) => resolved(bare(decoded(path))),
    (path) => resolved(decoded(bare(path))),
    (path) => resolved(bare(decoded(decoded(path)))),
    (path) => resolved(slashes(decoded(path))),
    (path) => resolved(cut(decoded(path))),
    (path) => resolved(cut(bare(slashes(decoded(decoded(path)))))),
    (path) => resolved(folded(decoded(path))),
    (path) => resolved(folded(decoded(decoded(path)))),
    (path) => resolved(trimmed(folded(decoded(path)))),
    (path) => resolved(trimmed(bare(decoded(path)))),
    (path) => resolved(windows(slashes(decoded(path)))),
    (path) => resolved(windows(folded(decoded(path)))),
  ];
})();

test('whatever an origin makes of a path, it lies where the rule that let it through says', () => {
  fc.assert(
    fc.property(hostilePath, (asked) => {
      if (!matchesPath(['/v1'], asked)) return;
      for (const origin of ORIGINS) expect(coversPath('/v1', origin(asked))).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

test('whatever an origin makes of a path that a guardrail lets pass, it does not lie where that denies', () => {
  fc.assert(
    fc.property(hostilePath, (asked) => {
      if (mayMatchPath(['/a'], asked)) return;
      for (const origin of ORIGINS) expect(coversPath('/a', origin(asked))).toBe(false);
    }),
    { numRuns: 5_000 },
  );
});

test('a path that a rule lets through has no reading that a deny elsewhere would reach', () => {
  fc.assert(
    fc.property(hostilePath, (asked) => {
      if (!matchesPath(['/v1'], asked)) return;
      for (const elsewhere of ['/a', '/~', '/v1a', '/...']) expect(mayMatchPath([elsewhere], asked)).toBe(false);
    }),
    { numRuns: 5_000 },
  );
});
