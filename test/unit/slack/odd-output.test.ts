import fc from 'fast-check';
import { blockProblems, totalText } from '../../../simulators/slack/api/block-checks.ts';
import { renderMessage, renderWithoutBlocks } from '../../../slack/rendering/render-message.ts';
import { splitMarkdown } from '../../../slack/rendering/split-markdown.ts';
import type { AnswerBody } from '../../../store/outbox.ts';
import { countCpuTime } from '../../support/cpu-time.ts';

const context = { session: 'slack:T1:C1:1.1', now: new Date(0) } as const;
const TABLE = '| name | n |\n|---|---|\n| a | 1 |\n| b | |';

test('the second table of a message is code in columns', () => {
  const [only, ...more] = splitMarkdown(`First:\n${TABLE}\n\nSecond:\n\n${TABLE}`, 11_000);
  expect(more).toEqual([]);
  expect(only).toContain('| b | \u200b |');
  expect(only).toContain('```\nname  n\n───────\na     1\nb\n```');
  expect(blockProblems([{ type: 'markdown', text: only }])).toEqual([]);
});

test.each([
  ['an empty cell', '| a | b |\n|---|---|\n| | 1 |'],
  ['a missing cell', '| a | b |\n|---|---|\n| 1'],
  ['too many rows', `| a |\n|---|\n${'| 1 |\n'.repeat(150)}`],
  ['too many columns', `|${' a |'.repeat(30)}\n|${'---|'.repeat(30)}\n|${' 1 |'.repeat(30)}`],
  ['two tables', `${TABLE}\n\n${TABLE}`],
])('Slack refuses %s, and does not get it', (_, markdown) => {
  expect(blockProblems([{ type: 'markdown', text: markdown }])).not.toEqual([]);
  const { blocks } = renderMessage({ kind: 'answer', text: markdown }, context);
  expect(blockProblems(blocks)).toEqual([]);
});

test('cells beyond the head are kept', () => {
  const [piece] = splitMarkdown('| a |\n|---|\n| 1 | 2 |', 1_000);
  expect(piece).toBe('| a |\n|---|\n| 1 \\| 2 |');
});

test('code in a nested list keeps its empty lines, and lists keep their indents', () => {
  const text = '- one\n  - two\n    - three\n\n      ```sh\n      a\n\n\n      b\n      ```\n';
  expect(splitMarkdown(text, 1_000).join('\n\n')).toContain('      a\n\n\n      b\n      ```');
  expect(splitMarkdown(text, 1_000)[0]).toContain('- one\n  - two\n    - three');
});

test('text from right to left stays as it is', () => {
  const text = '# שלום\n\n- مرحبا **بالعالم**\n- 1 + 2';
  expect(renderMessage({ kind: 'answer', text }, context).blocks[0]).toMatchObject({ text });
});

/** Pieces of Markdown that are odd, each with words that can be counted. */
const piece = fc.oneof(
  fc.constantFrom(
    TABLE,
    '```\n',
    '    ```x\n',
    '\n\n',
    '|---|',
    '| | |',
    '- ',
    '  1. ',
    '> ',
    '<!channel>',
    '&lt;!here>',
  ),
  fc.constantFrom(
    '[x](!channel)',
    'שלום ',
    '漢字',
    '😀',
    '\u202e',
    '`',
    '~~~',
    '| a |\n|---|',
    '\\|',
    '<!subteam^S1>',
    '\t',
  ),
  fc.constantFrom('&'.repeat(500), 'x'.repeat(13_000), `${'| cell '.repeat(25)}|\n`, 'many words '.repeat(400)),
  fc.integer({ min: 0, max: 1_000_000 }).map((n) => ` w${n}w `),
);
const markdown = fc
  .tuple(fc.array(piece, { maxLength: 60 }), fc.integer({ min: 1, max: 12 }))
  .map(([parts, times]) => parts.join('').repeat(times).slice(0, 200_000));

function words(text: string): string[] {
  return text.match(/w\d+w/g) ?? [];
}

test.each([
  ['with blocks', renderMessage],
  ['without blocks', renderWithoutBlocks],
])(
  'whatever the model writes: nothing is lost, nothing refused, nobody pinged, %s',
  (_, render) => {
    fc.assert(
      fc.property(markdown, (text) => {
        const said: string[] = [];
        let left: string | null = text;
        for (let part = 1; left !== null; part += 1) {
          const body: AnswerBody = { kind: 'answer', text: left, footer: 'f'.repeat(2_000), part };
          const shown = render(body, context);
          expect(shown.text.length).toBeGreaterThan(0);
          expect(shown.text.length).toBeLessThanOrEqual(4_000);
          expect(blockProblems(shown.blocks)).toEqual([]);
          expect(totalText(shown.blocks)).toBeLessThanOrEqual(13_000);
          const seen = [shown.text, ...shown.blocks.map(({ text: shownText }) => String(shownText ?? ''))].join('\n');
          expect(seen).not.toMatch(/<!|\]\(!/);
          said.push(shown.file ?? (shown.blocks.length > 0 ? String(shown.blocks[0]?.text) : shown.text));
          left = shown.rest;
        }
        // The head of a table and the first line of code come again where they are cut.
        let at = -1;
        const shown = words(said.join('\n'));
        for (const word of words(text)) {
          at = shown.indexOf(word, at + 1);
          expect(at).not.toBe(-1);
        }
      }),
      { numRuns: 150 },
    );
  },
  120_000,
);

test.each([
  ['tables with as many columns as rows', `${'|a'.repeat(25_000)}\n${'|-'.repeat(25_000)}\n${'|\n'.repeat(50_000)}`],
  ['a table of very many rows', `a|b\n-|-\n${'|\n'.repeat(97_000)}`],
  ['indented code that never ends', '    ```x\n'.repeat(22_000)],
])('%s cost no more than their length', (_, text) => {
  const spentMs = countCpuTime();
  renderMessage({ kind: 'answer', text }, context);
  expect(spentMs()).toBeLessThan(3_000);
});
