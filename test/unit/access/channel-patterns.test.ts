import fc from 'fast-check';
import {
  type ConfirmedChannel,
  isChannelPattern,
  matchesPattern,
  patternFinder,
  patternsMeet,
  withConfirmed,
} from '../../../access/channel-patterns.ts';
import { type AccessDocument, EMPTY_DOCUMENT } from '../../../access/document.ts';
import { fileOf, problemsIn } from '../../support/access-yaml.ts';

const PATTERN = { pattern: '#incident-*', enabled: null, bundles: ['pager'], instructions: '', line: 3 };
const DOCUMENT: AccessDocument = {
  ...EMPTY_DOCUMENT,
  version: 4,
  patterns: [PATTERN],
  scopes: [{ scope: 'channel:T1:C9', label: '#incident-old', enabled: null, bundles: [], instructions: '' }],
};
const CONFIRMED: ConfirmedChannel = { team: 'T1', channel: 'C7', name: 'incident-7', pattern: '#incident-*' };

const scopesOf = (document: AccessDocument) => document.scopes.map(({ scope, label }) => `${scope} ${label}`);

test('a pattern is a name with one star', () => {
  for (const text of ['#incident-*', '#*-oncall', '#team-*-alerts']) expect(isChannelPattern(text)).toBe(true);
  for (const text of ['#*', 'incident-*', '#a*b*', '#Incident-*', '#a b*', '#ops'])
    expect(isChannelPattern(text)).toBe(false);
});

test('a star stands for any characters, and beginning and end do not share any', () => {
  expect(matchesPattern('#incident-*', 'incident-7')).toBe(true);
  expect(matchesPattern('#incident-*', '#incident-')).toBe(true);
  expect(matchesPattern('#incident-*', 'my-incident-7')).toBe(false);
  // Cyrillic letters that look the same.
  expect(matchesPattern('#incident-*', 'inc\u0456dent-7')).toBe(false);
  expect(matchesPattern('#aba*ba', 'aba')).toBe(false);
  expect(matchesPattern('#aba*ba', 'ababa')).toBe(true);
});

test('two patterns meet exactly when some name matches both', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 });
  const pattern = fc.tuple(letters, letters).map(([before, after]) => `#${before}*${after}`);
  const names = [''].concat(...Array.from({ length: 7 }, (_, length) => wordsOf(length + 1)));
  fc.assert(
    fc.property(pattern, pattern, (one, other) => {
      const some = names.some((name) => matchesPattern(one, name) && matchesPattern(other, name));
      expect(patternsMeet(one, other)).toBe(some);
    }),
  );
});

function wordsOf(length: number): string[] {
  return Array.from({ length: 2 ** length }, (_, bits) =>
    bits.toString(2).padStart(length, '0').replaceAll('0', 'a').replaceAll('1', 'b'),
  );
}

test('a confirmed channel gets what its pattern attaches, under its own name', () => {
  expect(withConfirmed(DOCUMENT, [CONFIRMED]).scopes[1]).toMatchObject({
    ...{ scope: 'channel:T1:C7', label: '#incident-7', bundles: ['pager'], pattern: '#incident-*' },
  });
  expect(withConfirmed(DOCUMENT, [])).toBe(DOCUMENT);
});

test('a confirmation counts for nothing without its pattern, under another name, and where the file names the channel', () => {
  const odd = [
    { ...CONFIRMED, pattern: '#inc-*' },
    { ...CONFIRMED, name: 'general' },
    { ...CONFIRMED, channel: 'C9' },
  ];
  expect(scopesOf(withConfirmed(DOCUMENT, odd))).toEqual(scopesOf(DOCUMENT));
});

test('a channel that the file names matches no pattern, also when it was confirmed before', () => {
  const patternOf = patternFinder(withConfirmed(DOCUMENT, [CONFIRMED]));
  expect(patternOf({ team: 'T1', id: 'C7', name: 'incident-7' })).toBe('#incident-*');
  expect(patternOf({ team: 'T1', id: 'C9', name: 'incident-old' })).toBeNull();
  expect(patternOf({ team: 'T1', id: 'C8', name: 'general' })).toBeNull();
});

test('patterns of the file are read beside its channels', () => {
  const { channels, patterns } = fileOf('channels:\n  "#ops": {}\n  "#incident-*": { instructions: Be quick. }');
  expect(channels.map(({ channel }) => channel.text)).toEqual(['#ops']);
  expect(patterns).toEqual([
    { pattern: '#incident-*', enabled: null, bundles: [], instructions: 'Be quick.', line: 3 },
  ]);
});

test('patterns that share a name, a star alone, and what a pattern may not name are refused with their line', () => {
  expect(problemsIn('channels:\n  "#incident-*": {}\n  "#*-eu": {}')).toEqual([
    'bellhop.yaml:3: channels.#*-eu: some names match this pattern and #incident-* in line 2: a channel must match only one',
  ]);
  expect(problemsIn('channels:\n  "#*": {}')).toEqual([
    expect.stringMatching(/^bellhop.yaml:2: channels\.#\*: is neither/),
  ]);
  expect(problemsIn('channels:\n  "#x-*": { bundles: [none] }')).toEqual([
    'bellhop.yaml:2: channels.#x-*.bundles[0]: there is no bundle none',
  ]);
});
