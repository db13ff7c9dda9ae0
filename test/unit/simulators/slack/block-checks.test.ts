import { blockProblems, totalText } from '../../../../simulators/slack/api/block-checks.ts';

const text = (length: number, type = 'mrkdwn') => ({ type, text: 'x'.repeat(length) });
const button = (fields: object) => ({ type: 'button', action_id: 'a', text: text(4, 'plain_text'), ...fields });
const raw = (words: string) => ({ type: 'raw_text', text: words });
const rich = (words: string) => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_section', elements: [{ type: 'text', text: words }] }],
});
const table = (...rows: object[][]) => ({ type: 'table', rows });
const actions = (...elements: object[]) => ({ type: 'actions', elements });

describe("Slack's limits on blocks", () => {
  it.each([
    ['a section of 3,000 characters', { type: 'section', text: text(3000) }],
    ['a header of 150', { type: 'header', text: text(150, 'plain_text') }],
    ['markdown of 12,000', { type: 'markdown', text: 'x'.repeat(12_000) }],
    [
      'a button of 75 with a value of 2,000',
      actions(button({ text: text(75, 'plain_text'), value: 'x'.repeat(2000) })),
    ],
    ['a context', { type: 'context', elements: [text(10), { type: 'image', image_url: 'https://x', alt_text: 'x' }] }],
    ['a divider', { type: 'divider' }],
    [
      'a table of every kind of cell',
      table([raw('a'), rich('b')], [{ type: 'raw_number', value: 1, text: '1' }, raw(' ')]),
    ],
  ])('allow %s', (_what, block) => {
    expect(blockProblems([block])).toEqual([]);
  });

  it.each([
    ['a longer section', { type: 'section', text: text(3001) }, /3001 characters.*\/blocks\/0\/text\/text/],
    ['a section without text', { type: 'section' }, /missing required field: text/],
    ['empty text', { type: 'section', text: text(0) }, /more than 0 characters/],
    ['a longer header', { type: 'header', text: text(151, 'plain_text') }, /151 characters/],
    ['a header in mrkdwn', { type: 'header', text: text(5) }, /unsupported type/],
    ['longer markdown', { type: 'markdown', text: 'x'.repeat(12_001) }, /12001/],
    ['a longer button', actions(button({ text: text(76, 'plain_text') })), /76 characters/],
    ['a longer value', actions(button({ value: 'x'.repeat(2001) })), /2001 characters/],
    ['the same action id twice', actions(button({}), button({})), /`action_id` already exists/],
    [
      '26 elements',
      actions(...Array.from({ length: 26 }, (_, index) => button({ action_id: `a${index}` }))),
      /25 items/,
    ],
    ['an unknown style', actions(button({ style: 'purple' })), /primary, danger/],
    ['an unknown block', { type: 'marquee' }, /unsupported type: marquee/],
    ['a table with an empty cell', table([raw('a')], [raw('')]), /0 characters.*\/blocks\/0\/rows\/1\/0\/text/],
    ['a table with an empty rich cell', table([rich('')]), /0 characters.*rows\/0\/0\/elements\/0\/elements\/0\/text/],
    ['a wide table', table(Array.from({ length: 21 }, () => raw('x'))), /20 items/],
    ['a long table', table(...Array.from({ length: 102 }, () => [raw('x')])), /101 items/],
    ['a table with another cell', table([{ type: 'mrkdwn', text: 'x' }]), /unsupported type/],
    ['rich text with nothing in it', rich(''), /0 characters/],
    ['a task without an id', { type: 'task_card', title: 'x' }, /task_id/],
    ['an image without description', { type: 'image', image_url: 'https://x' }, /alt_text/],
  ])('refuse %s', (_what, block, problem) => {
    expect(blockProblems([block]).join('\n')).toMatch(problem);
  });

  it('count the blocks, their ids and all markdown together', () => {
    expect(blockProblems(Array(51).fill({ type: 'divider' })).join()).toMatch(/50 items/);
    expect(blockProblems(Array(2).fill({ type: 'divider', block_id: 'a' })).join()).toMatch(/already exists/);
    expect(blockProblems(Array(2).fill({ type: 'markdown', text: 'x'.repeat(7000) })).join()).toMatch(/12001/);
    expect(blockProblems(Array(2).fill(table([raw('a')]))).join()).toMatch(/only_one_table_allowed/);
    expect(blockProblems('nonsense')).toHaveLength(1);
    expect(
      totalText([
        { type: 'section', text: text(5) },
        { type: 'markdown', text: 'abc' },
      ]),
    ).toBe(8);
  });
});
