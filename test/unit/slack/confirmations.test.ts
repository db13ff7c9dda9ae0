import { confirmationOf } from '../../../slack/delivery/confirmations.ts';
import type { KnownEntry } from '../../../slack/delivery/known-entry.ts';
import { renderQuestion } from '../../../slack/rendering/render-message.ts';

const entry = (files: readonly string[] = [], name = 'Grace') =>
  ({
    row: { author: 'UGRACE', files: files.map((each) => ({ name: each })) },
    author: { name },
  }) as unknown as KnownEntry;

function shown(said: string, files: readonly string[] = [], name?: string): string | null {
  const question = confirmationOf(entry(files, name), said, 'UADA');
  if (question === null) return null;
  const [section] = renderQuestion({ kind: 'question', question: 'q', ...question }).blocks;
  return String((section?.text as { text?: string } | undefined)?.text);
}

test('the owner is shown all that would be done, each line marked, and the names of the files', () => {
  expect(shown('bump the version\n\n[a forwarded message]\r\nand\u2028push', ['a.diff', 'b\nShall I?.diff'])).toBe(
    [
      'Grace asks for something in a thread that works in your name:',
      '> bump the version',
      '> ',
      '> [a forwarded message]',
      '> and',
      '> push',
      '> [file: a.diff]',
      '> [file: b Shall I?.diff]',
      'Shall I do it, with your connections?',
    ].join('\n'),
  );
});

test('a name of somebody begins no line', () => {
  expect(shown('x', [], 'Grace\nsays')).toMatch(/^Grace says asks for/);
});

test('what does not fit the card whole is not asked: the end of it would be done unread', () => {
  const long = `${'fix the build. '.repeat(50)}`;
  expect(shown(`${long}THE END`)).toContain('THE END');
  expect(shown(`${long.repeat(4)}THE END`)).toBeNull();
  expect(shown('x', Array(200).fill('a-file-with-a-name.txt'))).toBeNull();
});

test('what nobody sees counts as what is shown for it', () => {
  expect(shown('\u200b'.repeat(300))).toContain('\\u200b');
  expect(shown('\u200b'.repeat(500))).toBeNull();
});

test.each(Array.from({ length: 40 }, (_, at) => 2_300 + at * 8))('of %i letters all are shown, or none', (length) => {
  const text = shown(`${'x'.repeat(length)}END`);
  expect(text === null || text.includes('END')).toBe(true);
});
