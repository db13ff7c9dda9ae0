/** Whatever a conversation holds, no vendor refuses the request that is made of it: nothing in it is empty, and calls have their results. */
import fc from 'fast-check';
import { messageParams, toolParams } from '../../../agent/model/anthropic-messages.ts';
import { chatMessages, chatTools } from '../../../agent/model/openai-chat-messages.ts';
import { inputItems, responseTools } from '../../../agent/model/openai-responses-items.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import { buildMessages } from '../../../agent/transcript/build-messages.ts';
import type { AnswerBlock, StopReason, UserContent } from '../../../contracts/conversation.ts';
import { readChatRequest } from '../../../simulators/model-api/openai/chat-request.ts';
import { readResponsesRequest } from '../../../simulators/model-api/openai/responses-request.ts';
import { readRequest } from '../../../simulators/model-api/request.ts';
import type { TranscriptRow } from '../../../store/transcript.ts';

const PROVIDER = 'a-provider';
const TOOLS = createToolRegistry().specs;

/** Often nothing, often white space, sometimes marks of ours. */
const words = fc.oneof(
  fc.constantFrom('', ' ', '\n\t', '\u00a0', '\ufeff', '</message>', '<summary>', '<stopped by="x" />', 'yes'),
  fc.string({ unit: 'grapheme' }),
);
const callId = fc
  .integer({ min: 0, max: 30 })
  .map((number) => `call_0123456789abcdef${String(number).padStart(4, '0')}`);
const input = fc.oneof(fc.constant({}), fc.constant({ command: '' }), fc.jsonValue());

const answerBlock: fc.Arbitrary<AnswerBlock> = fc.oneof(
  words.map((text) => ({ type: 'text' as const, text })),
  fc.record({
    type: fc.constant('tool_use' as const),
    id: callId,
    name: fc.constantFrom('bash', 'made_up'),
    input,
  }),
  // What another vendor's model has thought, as after a change of models.
  fc.constant({ type: 'provider' as const, provider: 'another', block: { type: 'thinking', thinking: '' } }),
);

const file = fc.record({
  name: words,
  size: fc.nat(),
  file: fc.option(fc.uuid()),
  problem: fc.option(words),
});
const userContent: fc.Arbitrary<UserContent> = fc.record({
  kind: fc.constantFrom('message', 'schedule', 'stop', 'edit'),
  before: fc.option(words, { nil: undefined }),
  edits: fc.constantFrom(undefined, '1700000000.000100'),
  context: fc.boolean(),
  text: words,
  name: fc.option(words),
  ts: fc.constantFrom('', '1700000000.000100', 'x'),
  files: fc.array(file, { maxLength: 2 }),
});

const message = fc.record({
  role: fc.constant('user' as const),
  author: words,
  authorClass: fc.constantFrom('member', 'guest', 'bot', ''),
  content: userContent,
});
const entry = fc.oneof(
  message,
  fc.record({
    role: fc.constant('assistant' as const),
    step: fc.nat({ max: 9 }),
    content: fc.record({
      blocks: fc.array(answerBlock, { maxLength: 4 }),
      stopReason: fc.constantFrom<StopReason>('end', 'tools', 'length', 'window', 'refused', 'pause'),
      usage: fc.constant({ inputTokens: 1, outputTokens: 1 }),
      model: fc.constant('demo'),
    }),
  }),
  fc.record({
    role: fc.constant('tool' as const),
    step: fc.nat({ max: 9 }),
    content: fc.record({ call: callId, tool: fc.constant('bash'), text: words, isError: fc.boolean() }),
  }),
  fc.record({ role: fc.constant('summary' as const), content: words.map((text) => ({ text, upTo: '0' })) }),
);

/** A transcript as it can be read back: ids of calls are unique within a turn, and a message stands somewhere. */
const rows: fc.Arbitrary<TranscriptRow[]> = fc
  .tuple(fc.array(entry, { maxLength: 6 }), message, fc.array(entry, { maxLength: 6 }))
  .map(([before, one, after]) => {
    const entries = [...before, one, ...after];
    const used = new Set<string>();
    return entries.map((each, index) => {
      const row = { ...each, seq: String(index + 1), turn: 1, tokens: 1, at: new Date(0) } as TranscriptRow;
      if (row.role !== 'assistant') return row;
      const blocks = row.content.blocks.filter((block) => {
        if (block.type !== 'tool_use') return true;
        const isNew = !used.has(block.id);
        used.add(block.id);
        return isNew;
      });
      return { ...row, content: { ...row.content, blocks } };
    });
  });

const SYSTEM = 'You are a test.';

test.each([
  [
    'the Messages API',
    (built: ReturnType<typeof buildMessages>) =>
      readRequest({
        model: 'demo',
        max_tokens: 100,
        system: SYSTEM,
        messages: messageParams(built, PROVIDER),
        tools: toolParams(TOOLS),
      }),
  ],
  [
    'Chat Completions',
    (built: ReturnType<typeof buildMessages>) =>
      readChatRequest({ model: 'demo', messages: chatMessages(SYSTEM, built, PROVIDER), tools: chatTools(TOOLS) }),
  ],
  [
    'the Responses API',
    (built: ReturnType<typeof buildMessages>) =>
      readResponsesRequest({
        model: 'demo',
        instructions: SYSTEM,
        input: inputItems(built, PROVIDER),
        tools: responseTools(TOOLS),
      }),
  ],
])('%s never refuses a conversation', (_, read) => {
  fc.assert(
    fc.property(rows, (given) => {
      const result = read(buildMessages(given));
      expect(result).not.toHaveProperty('refused');
      expect(JSON.stringify(result)).not.toMatch(/"(?:text|content)":"\s*"|"content":\[\]/);
    }),
    { numRuns: 400 },
  );
});
