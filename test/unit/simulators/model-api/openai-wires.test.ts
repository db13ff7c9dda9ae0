import OpenAI from 'openai';
import { type ModelApi, startModelApi } from '../../../../simulators/model-api/server.ts';

let api: ModelApi;
let client: OpenAI;

beforeAll(async () => {
  api = await startModelApi({ scenarios: [], port: 0, apiKey: 'a-key', delayMs: 0 });
  client = new OpenAI({ apiKey: 'a-key', baseURL: `${api.url}/v1`, maxRetries: 0 });
});
afterAll(() => api.close());

const many = <Item>(count: number, item: (at: number) => Item) => Array.from({ length: count }, (_, at) => item(at));

function post(path: string, body: object, key = 'a-key'): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  return fetch(`${api.url}/v1/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

async function refusalOf(answer: Response): Promise<string> {
  expect(answer.status).toBe(400);
  const { error } = await answer.json();
  expect(error).toMatchObject({ type: 'invalid_request_error', param: null });
  return error.message;
}

test.each(['chat/completions', 'responses'])('%s without the key is refused in the words of OpenAI', async (path) => {
  const answer = await post(path, {}, 'another');
  expect(answer.status).toBe(401);
  expect((await answer.json()).error).toMatchObject({ code: 'invalid_api_key' });
});

describe('Chat Completions', () => {
  const TOOL = {
    type: 'function',
    function: { name: 'bash', description: 'runs', parameters: { type: 'object' } },
  } as const;
  const ASKED = { role: 'user', content: 'x' };
  const CALL = { id: 'a', type: 'function', function: { name: 'bash', arguments: '{}' } };
  const CALLED = { role: 'assistant', content: null, tool_calls: [CALL] };
  const RESULT = { role: 'tool', tool_call_id: 'a', content: 'x' };

  test("the official SDK reads its stream, and a call's arguments come in pieces", async () => {
    const stream = await client.chat.completions.create({
      model: 'demo',
      stream: true,
      stream_options: { include_usage: true },
      messages: [
        { role: 'system', content: 'You are a test.' },
        { role: 'user', content: `say Looking.\n$ echo ${'long '.repeat(40)}\n& $ true` },
      ],
      tools: [TOOL],
    });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }) => delta));
    expect(deltas.map(({ content }) => content ?? '').join('')).toBe('Looking.');
    const json = (index: number) =>
      deltas
        .flatMap((delta) => delta.tool_calls?.find((call) => call.index === index)?.function?.arguments ?? [])
        .join('');
    expect([0, 1].map((index) => JSON.parse(json(index)).command)).toEqual([
      `echo ${'long '.repeat(40).trim()}`,
      'true',
    ]);
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['tool_calls']);
    expect(chunks.at(-1)?.usage?.total_tokens).toBeGreaterThan(0);
    expect(api.calls.at(-1)).toMatchObject({ status: 200, wire: 'chat-completions' });
  });

  test('without streaming the answer comes whole, from the results', async () => {
    const { choices } = await client.chat.completions.create({
      model: 'demo',
      messages: [
        { role: 'user', content: '$ ls' },
        { role: 'assistant', content: null, tool_calls: [{ ...CALL, type: 'function' }] },
        { role: 'tool', tool_call_id: 'a', content: 'exit code 0, 0.1 s\nreadme' },
      ],
      tools: [TOOL],
    });
    expect(choices[0]).toMatchObject({
      finish_reason: 'stop',
      message: { content: expect.stringContaining('readme') },
    });
  });

  test.each<[string, object[], RegExp]>([
    ['no messages', [], /empty array/],
    ['empty text', [{ role: 'user', content: '' }], /must not be empty/],
    ['a part of white space', [{ role: 'user', content: [{ type: 'text', text: ' ' }] }], /must not be empty/],
    ['no parts', [{ role: 'user', content: [] }], />=1|too small/i],
    ['an empty answer', [ASKED, { role: 'assistant', content: null }, ASKED], /expected a string, got null/],
    ['an empty list of calls', [ASKED, { role: 'assistant', content: 'x', tool_calls: [] }, ASKED], />=1|too small/i],
    ['a call without its result', [ASKED, CALLED, ASKED], /did not have response messages: a/],
    ['a call without its result at the end', [ASKED, CALLED], /did not have response messages: a/],
    ['a result without its call', [ASKED, RESULT], /must be a response to a preceding message/],
    ['a second result', [ASKED, CALLED, RESULT, RESULT], /must be a response to a preceding message/],
    ['a result after a word', [ASKED, CALLED, ASKED, RESULT], /did not have response messages/],
    ['an answer at the end', [ASKED, { role: 'assistant', content: 'I' }], /last message/],
    [
      'arguments that are no object',
      [ASKED, { ...CALLED, tool_calls: [{ ...CALL, function: { name: 'bash', arguments: '[]' } }] }, RESULT],
      /JSON object/,
    ],
    [
      'a long id',
      [
        ASKED,
        { ...CALLED, tool_calls: [{ ...CALL, id: 'a'.repeat(41) }] },
        { ...RESULT, tool_call_id: 'a'.repeat(41) },
      ],
      /40/,
    ],
    [
      'many calls',
      [ASKED, { ...CALLED, tool_calls: many(129, (at) => ({ ...CALL, id: `c${at}` })) }],
      /maximum length 128/,
    ],
    [
      'a picture of a type that is not taken',
      [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/tiff;base64,AAAA' } }] }],
      /unsupported image/,
    ],
    [
      'too many pictures',
      [{ role: 'user', content: many(501, () => ({ type: 'image_url', image_url: { url: 'https://a.test/b.png' } })) }],
      /too many images/,
    ],
  ])('%s is refused', async (_, messages, message) => {
    expect(await refusalOf(await post('chat/completions', { model: 'demo', messages, tools: [TOOL] }))).toMatch(
      message,
    );
  });

  test.each([
    [many(129, (at) => ({ ...TOOL, function: { ...TOOL.function, name: `t${at}` } })), /maximum length 128/],
    [[TOOL, TOOL], /unique/],
    [[{ ...TOOL, function: { ...TOOL.function, name: 'a.b' } }], /name/],
  ])('tools that OpenAI refuses are refused', async (tools, message) => {
    expect(await refusalOf(await post('chat/completions', { model: 'demo', messages: [ASKED], tools }))).toMatch(
      message,
    );
  });

  test('options of a stream without a stream are refused', async () => {
    const body = { model: 'demo', messages: [ASKED], stream_options: { include_usage: true } };
    expect(await refusalOf(await post('chat/completions', body))).toMatch(/only allowed when 'stream'/);
  });

  test('a fault that the script asks for has the words of the protocol', async () => {
    const body = { model: 'demo', messages: [{ role: 'user', content: 'fail 429\n$ ls' }], tools: [TOOL] };
    const answer = await post('chat/completions', body);
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
    expect((await answer.json()).error).toMatchObject({ code: 'rate_limit_exceeded' });
  });
});

describe('the Responses API', () => {
  const TOOL = {
    type: 'function',
    name: 'bash',
    description: 'runs',
    parameters: { type: 'object' },
    strict: false,
  } as const;
  const ASKED = { type: 'message', role: 'user', content: 'x' };
  const CALL = { type: 'function_call', call_id: 'a', name: 'bash', arguments: '{}' };
  const RESULT = { type: 'function_call_output', call_id: 'a', output: 'x' };
  const REASONING = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'c2VhbGVk' };

  test('the official SDK reads its stream, whose last event has the whole answer', async () => {
    const stream = await client.responses.create({
      model: 'demo',
      stream: true,
      input: 'say Looking.\n$ ls',
      tools: [TOOL],
    });
    let text = '';
    let json = '';
    for await (const event of stream) {
      if (event.type === 'response.output_text.delta') text += event.delta;
      if (event.type === 'response.function_call_arguments.delta') json += event.delta;
      if (event.type === 'response.completed') {
        expect(event.response.output).toMatchObject([
          { type: 'message', content: [{ type: 'output_text', text }] },
          { type: 'function_call', name: 'bash', arguments: json },
        ]);
        expect(event.response.usage?.total_tokens).toBeGreaterThan(0);
      }
    }
    expect([text, JSON.parse(json)]).toEqual(['Looking.', { command: 'ls' }]);
  });

  test('reasoning that is sealed is taken before what it led to', async () => {
    const body = { model: 'demo', input: [ASKED, REASONING, CALL, RESULT], tools: [TOOL] };
    expect((await post('responses', body)).status).toBe(200);
  });

  test.each<[string, object[], RegExp]>([
    ['nothing', [], />=1|too small/i],
    ['empty text', [{ ...ASKED, content: '' }], /must not be empty/],
    ['a part of white space', [{ ...ASKED, content: [{ type: 'input_text', text: '\n' }] }], /must not be empty/],
    ['a call without its result', [ASKED, CALL], /No tool output found for function call a/],
    ['a result without its call', [ASKED, RESULT], /No tool call found for function call output with call_id a/],
    ['a second result', [ASKED, CALL, RESULT, RESULT], /No tool call found/],
    ['an id used twice', [ASKED, CALL, RESULT, CALL, RESULT], /Duplicate item found/],
    ['arguments that are no object', [ASKED, { ...CALL, arguments: '"x"' }, RESULT], /JSON object/],
    ['a status', [ASKED, { ...CALL, status: 'completed' }, RESULT], /status|unrecognized/i],
    [
      'reasoning that is not sealed',
      [ASKED, { type: 'reasoning', id: 'rs_1', summary: [] }, CALL, RESULT],
      /encrypted_content/,
    ],
    ['reasoning that led to nothing', [ASKED, REASONING, ASKED], /without its required following item/],
    ['many tools', [ASKED], /maximum length 128/],
  ])('%s is refused', async (what, input, message) => {
    const tools = what === 'many tools' ? many(129, (at) => ({ ...TOOL, name: `t${at}` })) : [TOOL];
    expect(await refusalOf(await post('responses', { model: 'demo', input, tools }))).toMatch(message);
  });
});
