/** Every protocol of a model against a server that refuses what the vendors refuse, in whole conversations. */
import type { NamedModel } from '../../../access/document.ts';
import { createModel } from '../../../agent/model/create-model.ts';
import type { Model, ModelMessage } from '../../../agent/model/model.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import type { AnswerBlock } from '../../../contracts/conversation.ts';
import { type ModelApi, startModelApi } from '../../../simulators/model-api/server.ts';

const WIRES = ['messages', 'chat-completions', 'responses'] as const;
type WireName = (typeof WIRES)[number];

let api: ModelApi;

beforeAll(async () => {
  api = await startModelApi({ scenarios: [], port: 0, apiKey: 'a-key', delayMs: 0 });
});
afterAll(() => api.close());

function modelOf(wire: WireName): Model {
  const named: NamedModel = {
    ...{ name: wire, vendor: wire === 'messages' ? 'anthropic' : 'openai-compatible', api: wire, model: 'demo' },
    ...{ baseUrl: wire === 'messages' ? api.url : `${api.url}/v1`, for: [], line: 1 },
    ...{ contextTokens: 100_000, answerTokens: 4_000, keyVersion: 1 },
  };
  return createModel(named, 'a-key');
}

function asked(text: string): ModelMessage {
  return { role: 'user', content: [{ type: 'text', text }] };
}

/** Talks until the model calls no tool any more. Each call is answered, and the model may change from call to call. */
async function talk(wires: readonly WireName[], script: string): Promise<string> {
  const messages: ModelMessage[] = [asked(script)];
  for (let turn = 0; turn < 8; turn += 1) {
    const { content } = await modelOf(wires[turn % wires.length] ?? 'messages').call({
      ...{ system: 'You are a test.', messages, tools: createToolRegistry().specs },
      ...{ maxTokens: 1_000, signal: new AbortController().signal },
    });
    const calls = content.filter((block) => block.type === 'tool_use');
    messages.push({ role: 'assistant', content });
    if (calls.length === 0) return textOf(content);
    const results = calls.map(({ id }) => ({
      type: 'tool_result' as const,
      ...{ id, text: 'exit code 0, 0.1 s\n\n', isError: false },
    }));
    messages.push({ role: 'user', content: results });
  }
  throw new Error('it has no end');
}

function textOf(content: readonly AnswerBlock[]): string {
  return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

const SCRIPT = 'say I look.\n$ ls\n& read README.md\n$ true\nsay That was it.';

test.each(WIRES)('a conversation with several calls at once is refused nowhere: %s', async (wire) => {
  const before = api.calls.length;
  expect(await talk([wire], SCRIPT)).toContain('That was it.');
  const made = api.calls.slice(before);
  expect(made.map((call) => [call.status, call.wire])).toEqual(made.map(() => [200, wire]));
  expect(made).toHaveLength(3);
});

test.each([
  ['messages', 'chat-completions', 'responses'],
  ['responses', 'messages', 'chat-completions'],
  ['chat-completions', 'responses', 'messages'],
] as const)('a conversation goes on with another vendor after each call: %s, %s, %s', async (...wires) => {
  const before = api.calls.length;
  expect(await talk(wires, SCRIPT)).toContain('That was it.');
  expect(api.calls.slice(before).map(({ status, wire }) => [status, wire])).toEqual(wires.map((wire) => [200, wire]));
});
