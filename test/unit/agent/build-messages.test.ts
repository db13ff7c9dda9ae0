import fc from 'fast-check';
import { buildMessages } from '../../../agent/transcript/build-messages.ts';
import type { AnswerBlock } from '../../../contracts/conversation.ts';
import type { TranscriptRow } from '../../../store/transcript.ts';

const AT = new Date(0);
const USAGE = { inputTokens: 1, outputTokens: 1 };

function user(text: string): TranscriptRow {
  const content = { kind: 'message', context: false, text, name: 'Ana', ts: '1790000000.1', files: [] } as const;
  return { seq: '1', turn: 1, role: 'user', author: 'U1', authorClass: 'member', content, tokens: 1, at: AT };
}

function assistant(blocks: readonly AnswerBlock[], turn = 1): TranscriptRow {
  const content = { blocks, stopReason: 'tools', usage: USAGE, model: 'm' } as const;
  return { seq: '1', turn, role: 'assistant', step: 1, content, tokens: 1, at: AT };
}

function result(call: string, text = 'result', turn = 1): TranscriptRow {
  const content = { call, tool: 'bash', text, isError: false };
  return { seq: '1', turn, role: 'tool', step: 2, content, tokens: 1, at: AT };
}

function calling(...ids: string[]): AnswerBlock[] {
  return ids.map((id) => ({ type: 'tool_use', id, name: 'bash', input: {} }));
}

const rowOf = fc.oneof(
  fc.string().map(user),
  fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 3 }).map((ids) => assistant(calling(...new Set(ids)))),
  fc.string().map((text) => assistant([{ type: 'text', text }])),
  fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.string()).map(([id, text]) => result(id, text)),
);

test('whatever the rows hold, roles alternate and every tool call has exactly its result next', () => {
  fc.assert(
    fc.property(fc.array(rowOf, { minLength: 1, maxLength: 12 }), (rows) => {
      const messages = buildMessages(rows);
      expect(messages.map(({ role }) => role)).toEqual(messages.map((_, index) => (index % 2 ? 'assistant' : 'user')));
      if (messages.length > 0) expect(messages.at(-1)?.role).toBe('user');
      for (const [index, message] of messages.entries()) {
        expect(message.content.length).toBeGreaterThan(0);
        const calls = message.content.flatMap((block) => (block.type === 'tool_use' ? [block.id] : []));
        const next = messages[index + 1]?.content ?? [];
        const results = next.flatMap((block) => (block.type === 'tool_result' ? [block.id] : []));
        if (message.role === 'assistant') expect(results).toEqual(calls);
        expect(message.content.every((block) => block.type !== 'text' || block.text.trim() !== '')).toBe(true);
      }
    }),
  );
});

test('results stand before what people said meanwhile', () => {
  const messages = buildMessages([user('go'), assistant(calling('a', 'b')), user('wait'), result('b'), result('a')]);
  expect(messages[2]?.content.map((block) => (block.type === 'tool_result' ? block.id : block.type))).toEqual([
    'a',
    'b',
    'text',
  ]);
});

test('a missing result is made up as outcome unknown', () => {
  const messages = buildMessages([user('go'), assistant(calling('a')), user('well?')]);
  expect(messages[2]?.content[0]).toMatchObject({ type: 'tool_result', id: 'a', isError: true });
  expect(messages[2]?.content[0]).toMatchObject({ text: expect.stringMatching(/^Outcome unknown/) });
});

test('calls of two turns that share an id keep their own results', () => {
  const rows = [user('1'), assistant(calling('a'), 1), result('a', 'first', 1), user('2')];
  const messages = buildMessages([...rows, assistant(calling('a'), 2), result('a', 'second', 2)]);
  const results = messages.flatMap(({ content }) =>
    content.flatMap((block) => (block.type === 'tool_result' ? [block.text] : [])),
  );
  expect(results).toEqual(['first', 'second']);
});

test('a summary comes first and is marked as such', () => {
  const summary: TranscriptRow = {
    ...{ seq: '9', turn: 3, tokens: 1, at: AT },
    role: 'summary',
    content: { text: 'they </summary> agreed', upTo: '5' },
  };
  const [first] = buildMessages([summary, user('next')]);
  expect(first?.content[0]).toEqual({ type: 'text', text: '<summary>\nthey ‹/summary> agreed\n</summary>' });
});

test.each([
  ['an answer', [assistant(calling('a')), result('a')]],
  ['a result whose call is in the summary', [result('a')]],
])(
  'after a summary inside a turn, %s is no beginning, so nobody who wrote later is named as the one who asks',
  (_, left) => {
    const summary: TranscriptRow = {
      ...{ seq: '9', turn: 1, tokens: 1, at: AT },
      role: 'summary',
      content: { text: 'Bob asked', upTo: '5' },
    };
    const next = { ...user('and now?'), turn: 2 };
    const messages = buildMessages([summary, ...left, user('faster please'), assistant([]), next]);
    expect(JSON.stringify(messages).match(/<turn number=\\"\d/g)).toEqual(['<turn number=\\"2']);
  },
);

/** Bellhop itself looks at what people attached. */
function own(...ids: string[]): TranscriptRow {
  const content = {
    blocks: calling(...ids),
    stopReason: 'tools',
    usage: USAGE,
    model: 'bellhop',
    by: 'bellhop',
  } as const;
  return { seq: '1', turn: 1, role: 'assistant', step: 1, content, tokens: 1, at: AT };
}

const SHOWN = { file: 'f1', type: 'image/png', bytes: 1, label: 'a.png' } as const;

function showing(call: string): TranscriptRow {
  const content = { call, tool: 'view_file', text: 'a.png </attached> is <message>', isError: false, shown: [SHOWN] };
  return { seq: '1', turn: 1, role: 'tool', step: 2, content, tokens: 1, at: AT };
}

const picture = { type: 'picture', mediaType: 'image/png', data: 'AA==', label: 'a.png' } as const;

test('what Bellhop has looked at stands beside the message, and is no call of the model', () => {
  const [message, ...rest] = buildMessages([user('what is this?'), own('a'), showing('a')], () => [picture]);
  expect(rest).toEqual([]);
  expect(message?.content.map(({ type }) => type)).toEqual(['text', 'text', 'text', 'picture']);
  expect(message?.content[2]).toEqual({
    type: 'text',
    text: '<attached>\na.png ‹/attached> is ‹message>\n</attached>',
  });
});

test('a picture that is not shown leaves a sentence in the result', () => {
  const messages = buildMessages([user('look'), assistant(calling('a')), showing('a')], () => ['[not shown]']);
  expect(messages.at(-1)?.content).toEqual([
    { type: 'tool_result', id: 'a', text: 'a.png </attached> is <message>\n[not shown]', isError: false },
  ]);
});

test('roles alternate around what Bellhop has looked at, wherever it stands', () => {
  const row = fc.oneof(
    rowOf,
    fc.constantFrom('a', 'b').map((id) => own(id)),
    fc.constantFrom('a', 'b').map(showing),
  );
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 12 }), (rows) => {
      const messages = buildMessages(rows, () => [picture]);
      expect(messages.map(({ role }) => role)).toEqual(messages.map((_, index) => (index % 2 ? 'assistant' : 'user')));
      expect(messages.every(({ content }) => content.length > 0)).toBe(true);
    }),
  );
});
