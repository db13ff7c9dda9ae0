import { splitText } from '../../../../demo/page/web/text/blocks-of-text.ts';

test('fenced code keeps its lines, the words around it are lines of their own', () => {
  expect(splitText('before\n```\n$ ls\n  x\n```\nafter')).toEqual([
    { kind: 'lines', lines: ['before'] },
    { kind: 'code', text: '$ ls\n  x' },
    { kind: 'lines', lines: ['after'] },
  ]);
});

test('lists, quotes, headings and tables are told apart', () => {
  const kinds = splitText('# H\n- a\n- b\n1. c\n&gt; q\n| a | b |\n|---|---|\n| 1 | 2 |\n---').map(({ kind }) => kind);
  expect(kinds).toEqual(['heading', 'list', 'quote', 'table', 'rule']);
});

test('a numbered list goes on counting after code', () => {
  const [first, , second] = splitText('1. `a`\n```\nout\n```\n2. `b`\n\n3. `c`');
  expect([first, second]).toMatchObject([
    { kind: 'list', start: 1 },
    { kind: 'list', start: 2 },
  ]);
});

test('an empty line begins a paragraph', () => {
  expect(splitText('a\nb\n\nc')).toEqual([
    { kind: 'lines', lines: ['a', 'b'] },
    { kind: 'lines', lines: ['c'] },
  ]);
});

test('a shell pipe is not a table', () => {
  expect(splitText('$ cat x | wc -l\n$ ls')).toEqual([{ kind: 'lines', lines: ['$ cat x | wc -l', '$ ls'] }]);
});
