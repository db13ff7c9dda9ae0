import { putVariablesIn } from '../../../docker/dockerfile-variables.ts';

const VARIABLES = new Map([
  ['A', 'one'],
  ['EMPTY', ''],
  ['TRICK', '$A'],
]);

/** `@` stands for a dollar sign before a brace. */
test.each([
  ['$A/x', 'one/x'],
  ['@{A}B', 'oneB'],
  ['$AB', ''],
  ['@{B:-two}', 'two'],
  ['@{EMPTY:-$A}', 'one'],
  ['@{A:+yes}@{B:+no}', 'yes'],
  ['\\$A', '$A'],
  ['a\\b', 'a\\b'],
  ['$TRICK', '$A'],
  ['100$', '100$'],
])('%s is read as %s', (text, read) => {
  expect(putVariablesIn(text.replaceAll('@', '$'), VARIABLES)).toBe(read);
});
