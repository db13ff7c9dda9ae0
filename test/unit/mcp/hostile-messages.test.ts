/** Messages that are small, and that a check of each of their parts would make hundreds of times as large. */
import { Readable } from 'node:stream';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { type JSONRPCMessage, LATEST_PROTOCOL_VERSION } from '@modelcontextprotocol/sdk/types.js';
import { createAnswerBounds } from '../../../mcp/answer-bounds.ts';
import { createAnswerBudget } from '../../../mcp/answer-budget.ts';
import { CAPABILITIES } from '../../../mcp/elicitation.ts';
import { screenMessage } from '../../../mcp/screen-message.ts';
import type { AskServer } from '../../../mcp/server-fetch.ts';
import { withServer } from '../../../mcp/session.ts';
import { createTalk } from '../../../mcp/talk.ts';

const MANY = 300_000;
const LIMITS = { listMs: 60_000, silenceMs: 60_000, callMs: 60_000, maxBytes: 16 * 1024 * 1024 };

/** A server that answers its requests with these results, in this order. */
async function talkWith(results: readonly object[]) {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const left: object[] = [
    {
      protocolVersion: LATEST_PROTOCOL_VERSION,
      capabilities: { tools: {}, resources: {} },
      serverInfo: { name: 's', version: '1' },
    },
    ...results,
  ];
  theirs.onmessage = (message) => {
    if (!('id' in message)) return;
    void theirs.send({ jsonrpc: '2.0', id: message.id ?? 0, result: { ...left.shift() } });
  };
  await theirs.start();
  const client = new Client({ name: 'c', version: '1' }, { capabilities: CAPABILITIES });
  await client.connect(ours);
  return createTalk({ client, limits: LIMITS, stop: new AbortController().signal });
}

const call = { name: 'x', arguments: {}, onProgress: () => {} };

test('a result of many pieces that are none is told in a sentence, and the others are read', async () => {
  const content = [{ type: 'text', text: 'hello' }, ...Array(MANY).fill({})];
  const before = process.memoryUsage().rss;
  const { text } = await (await talkWith([{ content }])).callTool(call);
  expect(text.split('\n')).toEqual([
    'hello',
    '(999 pieces of the answer are none of MCP)',
    '(299001 pieces left out, because an answer has at most 1000)',
  ]);
  expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
});

test('a resource of many parts that are none stays a link', async () => {
  const content = [{ type: 'resource_link', uri: 'x://y', name: 'y' }];
  const talk = await talkWith([{ content }, { contents: Array(MANY).fill({}) }]);
  expect((await talk.callTool(call)).files).toEqual([]);
});

test.each<[string, object]>([
  ['an error', { error: { code: 1, message: 'x', data: Array(MANY).fill({}) } }],
  [
    'a question with many fields',
    {
      method: 'elicitation/create',
      params: { requestedSchema: { properties: Object.fromEntries(Array.from({ length: MANY }, (_, n) => [n, {}])) } },
    },
  ],
  ['a note', { method: 'notifications/progress', params: { a: Array(MANY).fill([]) } }],
])('%s with very many values is not given to the SDK', (_what, message) => {
  const whole = { jsonrpc: '2.0', id: 1, ...message } as unknown as JSONRPCMessage;
  expect(() => screenMessage(whole, true)).toThrow(expect.objectContaining({ code: 'ServerFailed' }));
});

test('a question of twenty lists with a hundred values each passes', () => {
  const list = { type: 'string', oneOf: Array.from({ length: 100 }, (_, n) => ({ const: `${n}`, title: `t${n}` })) };
  const properties = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`f${n}`, list]));
  const params = { message: 'x', requestedSchema: { type: 'object', properties } };
  screenMessage({ jsonrpc: '2.0', id: 1, method: 'elicitation/create', params }, true);
});

test('values count as what they take in memory, and long texts as what they are', () => {
  const room = createAnswerBudget({ perSandbox: 4_000_000, inAll: 4_000_000 }).open('s');
  createAnswerBounds(4_000_000, room).read(Buffer.from(`["${'a,'.repeat(1_000_000)}"]`));
  const bounds = createAnswerBounds(16_000_000, room);
  expect(() => bounds.read(Buffer.from(`[${'{},'.repeat(50_000)}{}]`))).toThrow(/Too many large answers/);
  expect(() => createAnswerBounds(16_000_000, null).read(Buffer.from(`[${'{},'.repeat(200_000)}{}]`))).toThrow(
    /too many values/,
  );
});

test.each([[{}], [{ serverInfo: { name: 'a', version: '1' } }]])(
  'a greeting with very many values is not given to the SDK, whatever else it says: %j',
  async (more) => {
    const experimental = Object.fromEntries(Array.from({ length: 60_000 }, (_, n) => [`a${n}`, 1]));
    const result = { protocolVersion: LATEST_PROTOCOL_VERSION, capabilities: { experimental }, ...more };
    const ask: AskServer = async ({ body }) => ({
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: Readable.from([Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(body ?? '{}').id, result }))]),
    });
    const options = { signal: new AbortController().signal, limits: LIMITS };
    await expect(withServer('https://mcp.a.test/', ask, options, async () => {})).rejects.toMatchObject({
      ...{ code: 'ServerFailed', message: 'The server says more at once than an MCP server may.' },
    });
  },
);
