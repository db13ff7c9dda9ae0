import { approvalOf, elicitationOf } from '../../../agent/mcp/questions.ts';

const TOOL = { server: 'linear', shown: 'linear.create', owner: undefined };
const asking = { message: 'Which board?', fields: [{ name: 'f0', label: 'Board' }], problem: null };

describe('the name by which an answer is found again', () => {
  test('is the same for the same question', () => {
    expect(elicitationOf(TOOL, { ...asking }, 1).name).toBe(elicitationOf(TOOL, asking, 1).name);
  });

  test.each([
    ['its words', { message: 'May I delete it all?' }],
    ['its fields', { fields: [{ name: 'f0', label: 'Delete all?' }] }],
    ['what was wrong', { problem: 'board is too short' }],
  ])('is another one with %s', (_, other) => {
    expect(elicitationOf(TOOL, { ...asking, ...other }, 1).name).not.toBe(elicitationOf(TOOL, asking, 1).name);
  });

  test('is another one for the next of a call', () => {
    expect(elicitationOf(TOOL, asking, 2).name).not.toBe(elicitationOf(TOOL, asking, 1).name);
  });
});

test('words that nobody sees push nothing off a card', () => {
  const { text } = elicitationOf(TOOL, { ...asking, message: '\u200b'.repeat(1_000) }, 1);
  expect(text.length).toBeLessThan(2_500);
  expect(text).toContain('(cut)');
  expect(text).toMatch(/Enter no password and no token\.$/);
});

test('arguments that are too long as they are shown say that they go on in the file', () => {
  const { text } = approvalOf(TOOL, JSON.stringify({ a: '\u200b'.repeat(1_000) }));
  expect(text).toContain('all of it is in the file above');
  expect(text).toContain('\\u200b');
});
