import { contextSize } from '../../../agent/transcript/context-size.ts';
import { cutIndex } from '../../../agent/transcript/summarise.ts';
import type { TranscriptRow } from '../../../store/transcript.ts';

let seq = 0;
const at = new Date(0);

function user(turn: number, tokens: number): TranscriptRow {
  const content = { kind: 'message', context: false, text: 'x', name: null, ts: '1', files: [] } as const;
  return { seq: String(++seq), turn, role: 'user', author: 'U1', authorClass: 'member', content, tokens, at };
}

function assistant(turn: number, tokens: number, inputTokens = 0): TranscriptRow {
  const usage = { inputTokens, outputTokens: tokens };
  const content = { blocks: [], stopReason: 'end', usage, model: 'm' } as const;
  return { seq: String(++seq), turn, role: 'assistant', step: 1, content, tokens, at };
}

function summary(tokens: number): TranscriptRow {
  return { seq: String(++seq), turn: 1, role: 'summary', content: { text: 's', upTo: '1' }, tokens, at };
}

test('before the first answer the size is estimated', () => {
  expect(contextSize([user(1, 50)], 1000)).toBe(1050);
});

test('after an answer its true count is taken, and only what came later is estimated', () => {
  expect(contextSize([user(1, 50), assistant(1, 20, 900), user(2, 7)], 1000)).toBe(927);
});

test('a count from before the newest summary is not taken', () => {
  const old = assistant(1, 20, 90_000);
  expect(contextSize([summary(300), old, user(2, 7)], 1000)).toBe(1327);
});

test('what Bellhop itself has looked at has no count of its own', () => {
  const row = assistant(1, 0);
  if (row.role !== 'assistant') throw new Error('unreachable');
  const own: TranscriptRow = { ...row, content: { ...row.content, by: 'bellhop' } };
  expect(contextSize([user(1, 50), assistant(1, 20, 900), user(2, 7), own], 1000)).toBe(927);
});

test('the cut is at the beginning of the running turn', () => {
  const rows = [user(1, 400), assistant(1, 300), user(2, 10), assistant(2, 10)];
  expect(cutIndex(rows, 2, 1000)).toBe(2);
});

test('a turn that is too large is cut between two of its steps', () => {
  const rows = [user(1, 10), assistant(1, 400), assistant(1, 200), assistant(1, 90)];
  expect(cutIndex(rows, 1, 1000)).toBe(2);
});

test('when even the last step is too large, everything before it goes', () => {
  expect(cutIndex([user(1, 10), assistant(1, 10), assistant(1, 900)], 1, 1000)).toBe(2);
});

test('one message alone cannot be cut, nor a summary before it', () => {
  expect(cutIndex([user(1, 900)], 1, 1000)).toBeNull();
  expect(cutIndex([summary(10), user(2, 900)], 2, 1000)).toBeNull();
});
