import fc from 'fast-check';
import { neutralise } from '../../../slack/rendering/neutralise.ts';
import { settledPart } from '../../../slack/rendering/settled-part.ts';

test.each([
  ['a whole word', 'Hello wor', 'Hello '],
  ['what may become a mention', 'Hello <', 'Hello '],
  ['what may become the target of a link', 'Look at [x]: ', 'Look at '],
  ['what may become a picture', 'See ![a picture of ', 'See '],
  ['nothing settled yet', 'Hello', ''],
  ['nothing in a script without spaces', '部署失败了', '部署失败了'],
])('the settled part ends before %s', (_, text, settled) => {
  expect(settledPart(text)).toBe(settled);
});

/** Pieces of text that mean something together. */
const ATOMS = [
  '<',
  '!',
  'channel',
  '>',
  '[',
  ']',
  '(',
  ')',
  '![',
  '](',
  'https://x.y/a.png',
  '&lt;',
  '&#60;',
  '&',
  '\\',
].concat(
  ...[
    [
      ' ',
      '\n',
      'word ',
      '```',
      '#',
      '60;',
      ':',
      '!here',
      '<!subteam^S1>',
      '![a](https://x/y) ',
      '[x]: !channel ',
      '部署',
      '！',
      '　',
    ],
  ],
);

test('whatever is written and wherever it is cut, each safe part goes on from the one before', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...ATOMS), { maxLength: 30 }), (atoms) => {
      let sent = '';
      let text = '';
      for (const atom of atoms) {
        text += atom;
        const safe = neutralise(settledPart(text));
        if (!sent.startsWith(safe)) {
          expect(safe.startsWith(sent)).toBe(true);
          sent = safe;
        }
      }
      // What Slack has is safe as a whole.
      expect(neutralise(sent)).toBe(sent);
      expect(neutralise(text).startsWith(sent)).toBe(true);
    }),
    { numRuns: 3_000 },
  );
});
