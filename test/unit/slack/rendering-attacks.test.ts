import { neutralise } from '../../../slack/rendering/neutralise.ts';
import { renderMessage } from '../../../slack/rendering/render-message.ts';
import type { ShownBody } from '../../../store/outbox.ts';
import { countCpuTime } from '../../support/cpu-time.ts';

const context = { session: 'slack:T1:C1:1.1', now: new Date('2026-03-02T12:01:20Z') } as const;

describe('what neutralising leaves is neutral too', () => {
  test.each(['<!channel|<!here>>', '<!everyone|<!here|x>>', '<!subteam^S012|<!here>>'])(
    'a mention around a mention pings nobody: %s',
    (text) => expect(neutralise(text)).not.toMatch(/<!(channel|here|everyone|subteam)/),
  );

  test('an exclamation mark before an image makes no new image', () => {
    expect(neutralise('!![x](https://a.test/p.png)')).not.toContain('![');
  });

  test('a backtick that is escaped begins no code (CommonMark 6.1)', () => {
    expect(neutralise('\\`![x](https://a.test/p.png)`')).not.toContain('![');
  });

  test('a line of backticks with another one after it is no fence (CommonMark 4.5)', () => {
    expect(neutralise('``` a`b\n![x](https://a.test/p.png)')).not.toContain('![');
  });
});

test.each([
  ['backticks', '`'.repeat(30_000)],
  ['spaces after a bracket', `](${' '.repeat(30_000)}`],
  ['exclamation marks', '!'.repeat(30_000)],
  ['images', '!['.repeat(30_000)],
  ['spaces in the rule of a table', `a|b\n---${' '.repeat(30_000)}x\nc|d`],
  ['spaces in a heading', `# a${' '.repeat(30_000)}b`],
  ['empty lines', '\n'.repeat(30_000)],
  ['signs of bold text', '**a '.repeat(10_000)],
])('a long run of %s is rendered at once', (_, text) => {
  const spentMs = countCpuTime();
  renderMessage({ kind: 'answer', text, footer: '' }, context);
  expect(spentMs()).toBeLessThan(300);
});

test('the text beside the blocks is not cut between the halves of a character', () => {
  const text = `${'a'.repeat(2_998)}😀${'b'.repeat(100)}`;
  expect(renderMessage({ kind: 'answer', text, footer: '' }, context).text.isWellFormed()).toBe(true);
});

describe('what is escaped fits into its block as Slack counts it, and no escape is cut in two', () => {
  const signs = '<&>😀'.repeat(750);
  test.each<[string, ShownBody]>([
    ['a notice', { kind: 'notice', text: signs }],
    ['a live line', { kind: 'working', step: 1, what: signs, since: '2026-03-02T12:00:00Z' }],
    [
      'a checklist',
      {
        kind: 'working',
        step: 1,
        what: 'working',
        since: '2026-03-02T12:00:00Z',
        plan: Array.from({ length: 12 }, () => ({ step: '&'.repeat(120), state: 'open' })),
      },
    ],
    ['a footer', { kind: 'answer', text: 'done', footer: signs }],
  ])('%s', (_, body) => {
    const texts = textsIn(renderMessage(body, context).blocks);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(3_000);
    expect(texts.join('').replace(/&(amp|lt|gt);/g, '')).not.toMatch(/[&<>]/);
    expect(texts.every((text) => text.isWellFormed())).toBe(true);
  });
});

function textsIn(found: unknown): string[] {
  if (typeof found !== 'object' || found === null) return [];
  return Object.entries(found).flatMap(([key, value]) =>
    key === 'text' && typeof value === 'string' ? [value] : textsIn(value),
  );
}
