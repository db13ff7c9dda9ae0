import fc from 'fast-check';
import { elapsed } from '../../../slack/rendering/elapsed.ts';
import { escapeUnlinked, toMrkdwn } from '../../../slack/rendering/mrkdwn.ts';
import { neutralise } from '../../../slack/rendering/neutralise.ts';
import {
  MARKDOWN_LIMIT,
  MAX_PARTS,
  MOST_TEXT,
  renderMessage,
  renderWithoutBlocks,
} from '../../../slack/rendering/render-message.ts';
import { splitMarkdown } from '../../../slack/rendering/split-markdown.ts';

const context = { session: 'slack:T1:C1:1.1', now: new Date('2026-03-02T12:01:20Z') } as const;

describe('what could ping many people', () => {
  test.each(['<!channel>', '<!here>', '<!everyone>', '<!here|here>', '<!subteam^S012|@ops>', '<!CHANNEL>'])(
    '%s does not',
    (text) => {
      expect(neutralise(`all: ${text}!`)).not.toMatch(/<!/);
      expect(neutralise(`\`\`\`\n${text}\n\`\`\``)).not.toMatch(/<!/);
    },
  );

  test('a link is not a mention in disguise', () => {
    expect(neutralise('[x](!channel)')).not.toContain('](!');
    expect(neutralise('[x]( <!here>)')).not.toMatch(/\]\(\s*<?!/);
  });

  test.each(['&lt;!channel&gt;', '<&excl;channel>', '&#60;&#33;here>', '&#x3C;&#x21;here>', '&LT;!here>', '&lt!here>'])(
    'entities hide no mention: %s',
    (text) => expect(neutralise(text)).toMatch(/^(<|&[^&!\u200b]*)\u200b/),
  );

  test.each(['!channel', '<!channel>', '&excl;channel', '\\!channel', '@U1', '#C1', '\n> !channel'])(
    'what a reference stands for is no mention: %s',
    (target) => expect(neutralise(`[x][1]\n\n[1]: ${target}`)).not.toContain('[1]:'),
  );

  test('other entities and references stay as they are', () => {
    const text = '&lt;b&gt; &amp; &excl; &lt;&#330; [x][1]\n\n[1]: https://a.test';
    expect(neutralise(text)).toBe(text);
  });

  test('code is broken up too, and keeps its characters', () => {
    const code = '```html\n<!DOCTYPE html>\n```\n`if (![a][0]) b![1](c)`';
    expect(neutralise(code)).not.toMatch(/<!|!\[/);
    expect(neutralise(code).replaceAll('\u200b', '')).toBe(code);
  });

  test('many spaces before the target of a link hide no mention', () => {
    expect(neutralise(`[x](${' '.repeat(50)}!channel)`)).not.toContain('](');
    expect(neutralise('[x](\\!channel)')).not.toContain('](');
  });

  test('neutral text stays as it is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('<', '!', '[', ']', '(', ')', '\\', 'https://a.test', 'x'), { maxLength: 40 }),
        (parts) => {
          const once = neutralise(parts.join(''));
          expect(once).not.toMatch(/<!|!\[/);
          expect(neutralise(once)).toBe(once);
        },
      ),
    );
  });
});

test('a remote image becomes a link', () => {
  expect(neutralise('see ![chart](https://a.test/x.png)')).toBe('see [chart](https://a.test/x.png)');
  expect(neutralise('![a][ref]')).toBe('!\u200b[a][ref]');
  expect(neutralise('Look!!![a](https://a.test/x.png)')).toBe('Look!!!\u200b[a](https://a.test/x.png)');
});

test('words without links have no address in them, and look the same', () => {
  const words = 'See https://evil.test/p.png, www.evil.test: <!channel>.';
  expect(escapeUnlinked(words)).not.toMatch(/:\/\/|\w\.\w|<!/);
  expect(escapeUnlinked(words).replaceAll('\u200b', '')).toBe(
    'See https://evil.test/p.png, www.evil.test: &lt;!channel&gt;.',
  );
});

test('the text beside the blocks is escaped before links are made', () => {
  expect(toMrkdwn('**b** <!channel> & [x](https://a.test)')).toBe('*b* &lt;!channel&gt; &amp; <https://a.test|x>');
  expect(toMrkdwn('# Head\n- one')).toBe('*Head*\n• one');
  expect(toMrkdwn('`**x**`')).toBe('`**x**`');
});

describe('splitting', () => {
  test('cuts between paragraphs', () => {
    expect(splitMarkdown('aaaa\n\nbbbb\n\ncccc', 10)).toEqual(['aaaa\n\nbbbb', 'cccc']);
  });

  test('closes and reopens a fence that is cut', () => {
    const pieces = splitMarkdown(`\`\`\`sh\n${'line of code\n'.repeat(20)}\`\`\``, 100);
    expect(pieces.length).toBeGreaterThan(1);
    for (const piece of pieces) {
      expect(piece).toMatch(/^```sh\n[\s\S]*\n```$/);
      expect(piece.length).toBeLessThanOrEqual(100);
    }
  });

  test.each([
    ['on one line', `\`\`\`${'code '.repeat(60)}\`\`\``],
    ['under a line that opens it and never ends', `\`\`\`${'code '.repeat(60)}\nmore\n\`\`\``],
  ])('a fence %s loses nothing and comes to an end', (_, text) => {
    const pieces = splitMarkdown(text, 100);
    expect(pieces.every((piece) => piece.length <= 100)).toBe(true);
    expect(pieces.join(' ').match(/code/g)).toHaveLength(60);
  });

  test('a fence of nothing but marks comes to an end', () => {
    expect(
      splitMarkdown(`${'`'.repeat(50)}\n${'code '.repeat(60)}`, 100)
        .join(' ')
        .match(/code/g),
    ).toHaveLength(60);
  });

  test('gives every part of a table its head', () => {
    const rows = Array.from({ length: 30 }, (_, i) => `| ${i} | value |`).join('\n');
    const pieces = splitMarkdown(`| n | v |\n|---|---|\n${rows}`, 120);
    expect(pieces.length).toBeGreaterThan(2);
    for (const piece of pieces) expect(piece).toMatch(/^\| n \| v \|\n\|---\|---\|\n\| \d/);
  });

  test('never cuts a character in two', () => {
    const pieces = splitMarkdown('😀'.repeat(50), 7);
    expect(pieces.join('').replaceAll('\n\n', '')).toBe('😀'.repeat(50));
  });

  test('keeps every line, in order, within the limit, the same each time', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z ]{1,30}$/), { maxLength: 60 }), (lines) => {
        const text = lines.join('\n');
        const pieces = splitMarkdown(text, 80);
        expect(pieces.every((piece) => piece.length <= 80)).toBe(true);
        expect(pieces.join('\n').split(/\s+/).filter(Boolean)).toEqual(text.split(/\s+/).filter(Boolean));
        expect(splitMarkdown(text, 80)).toEqual(pieces);
      }),
    );
  });
});

describe('messages', () => {
  test('the plan stands above the line as a checklist, without markup of its words', () => {
    const plan = [
      { step: 'read <!channel> it', state: 'done' },
      { step: 'run the tests', state: 'now' },
      { step: 'push', state: 'open' },
    ] as const;
    const { blocks } = renderMessage(
      { kind: 'working', step: 4, what: 'running the tests', since: '2026-03-02T12:00:00Z', plan },
      context,
    );
    expect(blocks[0]).toEqual({
      type: 'section',
      text: { type: 'mrkdwn', text: '☑ read &lt;!channel&gt; it\n▸ run the tests\n☐ push', verbatim: true },
    });
  });

  test('the working message shows step, what and time, and has a stop button', () => {
    const since = '2026-03-02T12:00:00Z';
    const shown = renderMessage({ kind: 'working', step: 4, what: 'running a command', since }, context);
    expect(shown.text).toBe('Working · step 4 · running a command · 1 min 20 s in all');
    expect(shown.blocks.at(-1)).toMatchObject({
      type: 'actions',
      elements: [{ action_id: 'bellhop_stop', value: context.session }],
    });
  });

  test.each([
    ['2026-03-02T12:01:00Z', 'running the tests for 20 s'],
    ['2026-03-02T12:01:15Z', 'running the tests'],
    ['2026-03-02T12:02:00Z', 'running the tests'],
  ])('the step under way has its own age, once it has taken a while: begun at %s', (begun, shown) => {
    const { text } = renderMessage(
      { kind: 'working', step: 4, what: 'running the tests', since: '2026-03-02T12:00:00Z', begun },
      context,
    );
    expect(text).toBe(`Working · step 4 · ${shown} · 1 min 20 s in all`);
  });

  test('the answer has no button', () => {
    const shown = renderMessage({ kind: 'answer', text: 'Done.', footer: '3 tool calls' }, context);
    expect(shown.blocks.map((block) => block.type)).toEqual(['markdown', 'context']);
    expect(shown.rest).toBeNull();
  });

  test.each([
    ['beside its blocks', renderMessage],
    ['without blocks', renderWithoutBlocks],
  ])("Bellhop's last word mentions who stopped, the model's words mention nobody: %s", (_, render) => {
    const lastWord = 'Stopped by <@U1>. Mention me to go on.';
    const { text } = render({ kind: 'answer', text: `<@U2> <!channel> ${lastWord}`, lastWord }, context);
    expect(text.match(/<[@!][^>]*>/g)).toEqual(['<@U1>']);
    expect(text).toMatch(/^&lt;@U2&gt;.*&lt;@U1&gt;.*\n\nStopped by <@U1>/s);
  });

  test("Bellhop's last word stands under the last message of an answer, alone where the agent said nothing", () => {
    const lastWord = 'Stopped by <@U1>.';
    const first = renderMessage({ kind: 'answer', text: 'word\n\n'.repeat(3_000), lastWord }, context);
    expect(JSON.stringify(first)).not.toContain(lastWord);
    const alone = renderMessage({ kind: 'answer', text: '', lastWord }, context);
    expect(alone).toMatchObject({
      text: lastWord,
      blocks: [{ type: 'section', text: { type: 'mrkdwn', text: lastWord } }],
    });
  });

  test('an empty answer is still something Slack takes', () => {
    expect(renderMessage({ kind: 'answer', text: '' }, context).blocks[0]).toMatchObject({ text: '(no text)' });
  });

  test('a long answer leaves the rest to the next message, with the footer under the last', () => {
    const text = `${'word '.repeat(200)}\n\n`.repeat(20);
    const first = renderMessage({ kind: 'answer', text, footer: 'end' }, context);
    expect((first.blocks[0] as { text: string }).text.length).toBeLessThanOrEqual(MARKDOWN_LIMIT);
    expect(first.blocks).toHaveLength(1);
    const second = renderMessage({ kind: 'answer', text: first.rest ?? '', footer: 'end', part: 2 }, context);
    expect(second.rest).toBeNull();
    expect(second.blocks.at(-1)).toMatchObject({ elements: [{ text: 'end' }] });
  });

  test('an endless answer shows its beginning and is a file', () => {
    const text = 'x'.repeat(30_000);
    const shown = renderMessage({ kind: 'answer', text, part: MAX_PARTS, footer: 'end' }, context);
    expect(shown).toMatchObject({ rest: null, file: text });
    expect(JSON.stringify(shown.blocks)).toMatch(/It goes on in the file answer\.md.*end/);
    const first = renderMessage({ kind: 'answer', text: 'word '.repeat(40_000) }, context);
    expect(JSON.stringify(first.blocks)).toContain('The whole answer is in the file answer.md');
    expect(first.file).toHaveLength(200_000);
  });
});

describe('an answer whose blocks Slack refused', () => {
  test('is told in full, in more messages', () => {
    const paragraphs = Array.from({ length: 40 }, (_, i) => `Paragraph ${i}: ${'a < b & c > d '.repeat(12)}`);
    const said: string[] = [];
    let text: string | null = paragraphs.join('\n\n');
    for (let part = 1; text !== null && part <= MAX_PARTS; part += 1) {
      const shown = renderWithoutBlocks({ kind: 'answer', text, footer: 'the end', part }, context);
      expect(shown.blocks).toEqual([]);
      expect(shown.text.length).toBeLessThanOrEqual(MOST_TEXT);
      said.push(shown.text);
      text = shown.rest;
    }
    const numbers = [...said.join('\n').matchAll(/Paragraph (\d+):/g)].map((match) => Number(match[1]));
    expect(numbers).toEqual(paragraphs.map((_, i) => i));
    expect(said.at(-1)).toMatch(/the end$/);
    expect(said.slice(0, -1).join('')).not.toContain('the end');
  });

  test('is a file when it needs too many messages', () => {
    const shown = renderWithoutBlocks({ kind: 'answer', text: '&'.repeat(30_000), part: MAX_PARTS }, context);
    expect(shown.text).toMatch(/It goes on in the file answer\.md/);
    expect(shown).toMatchObject({ rest: null, file: '&'.repeat(30_000) });
  });
});

test('the text beside the blocks is never too long for an edit, escapes included', () => {
  const { text } = renderMessage({ kind: 'answer', text: '<br>'.repeat(2_500) }, context);
  expect(text.length).toBeLessThanOrEqual(MOST_TEXT);
});

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [80_000, '1 min 20 s'],
  [3_900_000, '1 h 5 min'],
])('%i ms is %s', (ms, shown) => {
  expect(elapsed(ms)).toBe(shown);
});

describe('a question', () => {
  const card = (text: string) =>
    renderMessage({ kind: 'question', question: 'q', text, choices: [{ id: 'yes', label: 'Allow :x:' }] }, context);

  test('shows words of others as they are: no markup, no emoji, no entity', () => {
    const text = 'I want to call x with ~not~ *this* _or_ `that` :x: <!channel> & more';
    expect(card(text)).toMatchObject({
      text: expect.stringContaining('&lt;!channel&gt;'),
      blocks: [
        { type: 'section', text: { type: 'plain_text', text, emoji: false } },
        { type: 'actions', elements: [{ text: { type: 'plain_text', emoji: false } }] },
      ],
    });
  });

  test.each([
    ['a\u202eb', 'a\\u202eb'],
    ['pay\u200bpal', 'pay\\u200bpal'],
    ['\u{e0041}', '\\udb40\\udc41'],
    ['a\ufe0fb\u2028c\u0007d', 'a\\ufe0fb\\u2028c\\u0007d'],
    ['two\nlines\tand é', 'two\nlines\tand é'],
  ])('writes out what nobody sees: %j', (text, shown) => {
    expect(card(text).blocks[0]).toMatchObject({ text: { text: shown } });
  });
});

test('Slack makes no link and no mention by itself of words in lines of ours', () => {
  const notice = renderMessage({ kind: 'notice', text: 'see evil.example and #general' }, context);
  expect(notice.blocks).toEqual([
    { type: 'section', text: { type: 'mrkdwn', text: 'see evil.example and #general', verbatim: true } },
  ]);
});
