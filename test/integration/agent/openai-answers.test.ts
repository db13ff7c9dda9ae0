/** What servers of OpenAI's protocols do beyond the ordinary, said by a server that says it word for word. */
import { createHash } from 'node:crypto';
import type { NamedModel } from '../../../access/document.ts';
import { ModelError } from '../../../agent/errors.ts';
import { createModel } from '../../../agent/model/create-model.ts';
import type { ModelMessage, ModelRequest } from '../../../agent/model/model.ts';
import { startOddServer } from './support/odd-server.ts';

interface Seen {
  readonly url: string;
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
}

/** A server that gives these answers, one after the other. Each is a list of events, or a whole answer. */
async function serving(answers: readonly (readonly unknown[] | { status: number; body: string; headers?: object })[]) {
  const seen: Seen[] = [];
  const server = await startOddServer((request, response) => {
    let text = '';
    request.on('data', (piece) => {
      text += piece;
    });
    request.on('end', () => {
      const answer = answers[seen.length] ?? [];
      seen.push({ url: request.url ?? '', body: JSON.parse(text), headers: request.headers });
      if ('status' in answer) {
        response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers }).end(answer.body);
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const each of answer) response.write(typeof each === 'string' ? each : `data: ${JSON.stringify(each)}\n\n`);
      response.end();
    });
  });
  return { ...server, seen };
}

function modelAt(url: string, more: Partial<NamedModel> = {}, key: string | null = 'a-key') {
  return createModel(
    {
      ...{ name: 'local', vendor: 'openai-compatible', api: 'chat-completions', baseUrl: `${url}/v1`, model: 'qwen' },
      ...{ for: [], line: 1, contextTokens: 100_000, answerTokens: 4_000, keyVersion: 1 },
      ...more,
    },
    key,
  );
}

function asking(messages: readonly ModelMessage[] = [said('hi')]): ModelRequest {
  return { system: 'A test.', messages, tools: [], maxTokens: 1000, signal: new AbortController().signal };
}

function said(text: string): ModelMessage {
  return { role: 'user', content: [{ type: 'text', text }] };
}

const delta = (fields: object, finish: string | null = null) => ({
  model: 'qwen',
  choices: [{ index: 0, delta: fields, finish_reason: finish }],
});
const DONE = 'data: [DONE]\n\n';

async function failureOf(call: Promise<unknown>): Promise<ModelError> {
  const error = await call.catch((thrown: unknown) => thrown);
  if (!(error instanceof ModelError)) throw new Error(`not a ModelError: ${String(error)}`);
  return error;
}

test.each<[string, object | undefined, object]>([
  ['counts', { prompt_tokens: 50, completion_tokens: 5 }, { inputTokens: 50, outputTokens: 5 }],
  [
    'counts what it had kept',
    { prompt_tokens: 50, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 40 } },
    { inputTokens: 50, outputTokens: 5, cachedTokens: 40 },
  ],
  [
    'counts more from before than there was',
    { prompt_tokens: 50, completion_tokens: 5, prompt_tokens_details: { cached_tokens: 9_000 } },
    { inputTokens: 50, outputTokens: 5, cachedTokens: 50 },
  ],
  ['says nothing', undefined, { inputTokens: expect.any(Number), outputTokens: expect.any(Number), estimated: true }],
  [
    'says zero',
    { prompt_tokens: 0, completion_tokens: 0 },
    { inputTokens: expect.any(Number), outputTokens: expect.any(Number), estimated: true },
  ],
  [
    'says less than nothing',
    { prompt_tokens: 5, completion_tokens: -1 },
    { inputTokens: 5, outputTokens: expect.any(Number), estimated: true },
  ],
  [
    'says a part of a token',
    { prompt_tokens: 5, completion_tokens: 12.5 },
    { inputTokens: 5, outputTokens: expect.any(Number), estimated: true },
  ],
])('the usage of a server that %s', async (_, usage, expected) => {
  const last = { ...delta({}, 'stop'), ...(usage && { usage }) };
  await using server = await serving([[delta({ content: 'Hi.' }), last, DONE]]);
  expect((await modelAt(server.url).call(asking())).usage).toEqual(expected);
});

test('reasoning goes back with the calls it led to, under the names it came with, and with nothing else', async () => {
  await using server = await serving([
    [
      delta({ role: 'assistant', reasoning_content: 'I must ' }),
      delta({ reasoning_content: 'look.' }),
      delta({
        tool_calls: [
          { index: 0, id: 'functions.bash:0', function: { name: 'bash', arguments: '{"command"' } },
          { index: 0, function: { arguments: ':"ls"}' }, extra_content: { google: { thought_signature: 'abc' } } },
        ],
      }),
      delta({}, 'tool_calls'),
      DONE,
    ],
    [delta({ content: 'Done.', reasoning: 'easy' }, 'stop'), DONE],
    [delta({ content: 'Bye.' }, 'stop'), DONE],
  ]);
  const model = modelAt(server.url);
  const first = await model.call(asking());
  const call = first.content.find((block) => block.type === 'tool_use');
  // Letters that other vendors refuse, and that the next answer may use again.
  expect(call?.id).toMatch(/^call_[0-9a-f]{32}$/);
  expect(first.usage.inputTokens).toBeGreaterThan(0);

  const result: ModelMessage = {
    role: 'user',
    content: [{ type: 'tool_result', id: call?.id ?? '', text: 'no such thing', isError: true }],
  };
  const second = await model.call(asking([said('hi'), { role: 'assistant', content: first.content }, result]));
  expect(server.seen[1]?.body.messages).toEqual([
    { role: 'system', content: 'A test.' },
    { role: 'user', content: 'hi' },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'I must look.',
      tool_calls: [
        {
          id: call?.id,
          type: 'function',
          function: { name: 'bash', arguments: '{"command":"ls"}' },
          extra_content: { google: { thought_signature: 'abc' } },
        },
      ],
    },
    { role: 'tool', tool_call_id: call?.id, content: 'This call failed. no such thing' },
  ]);

  await model.call(asking([said('hi'), { role: 'assistant', content: second.content }, said('thanks')]));
  expect(JSON.stringify(server.seen[2]?.body)).not.toContain('easy');

  // Another server, and the same server's other model, are not shown it.
  await using other = await serving([[delta({ content: 'Ok.' }, 'stop'), DONE]]);
  await modelAt(other.url).call(asking([said('hi'), { role: 'assistant', content: first.content }, result]));
  expect(JSON.stringify(other.seen[0]?.body)).not.toMatch(/I must look|thought_signature/);
});

test('two calls of one answer keep apart, also where the server numbers and names neither', async () => {
  await using server = await serving([
    [
      delta({ tool_calls: [{ function: { name: 'bash', arguments: '{"command":"a"}' } }] }),
      delta({ tool_calls: [{ function: { name: 'bash', arguments: '{"command":"b"}' } }] }),
      delta({}, 'stop'),
      DONE,
    ],
  ]);
  const { content } = await modelAt(server.url).call(asking());
  const calls = content.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
  expect(calls.map(({ input }) => input)).toEqual([{ command: 'a' }, { command: 'b' }]);
  expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
});

test('a refusal is shown as one', async () => {
  await using server = await serving([
    [delta({ refusal: 'I will ' }), delta({ refusal: 'not.' }), delta({}, 'stop'), DONE],
    [delta({ content: 'Some' }), delta({}, 'content_filter'), DONE],
  ]);
  const model = modelAt(server.url);
  expect(await model.call(asking())).toMatchObject({
    stopReason: 'refused',
    content: [{ type: 'text', text: 'I will not.' }],
  });
  expect((await model.call(asking())).stopReason).toBe('refused');
});

test.each([
  ['an event that is no JSON', ['data: {"choices": [\n\n']],
  ['an event of an error', [{ error: { message: 'overloaded', type: 'server_error' } }]],
  ['a page of a gateway', ['<html>Welcome</html>']],
  ['nothing at all', []],
  ['chunks without an end', [delta({ content: 'half' })]],
  ['chunks of another shape', [{ choices: null }, { choices: [{}] }, 17, DONE]],
])('%s is a failed attempt, which is tried again', async (_, answer) => {
  await using server = await serving([answer]);
  expect((await failureOf(modelAt(server.url).call(asking()))).code).toBe('ModelUnavailable');
});

test.each([
  [429, { message: 'You have no money left', code: 'insufficient_quota' }, { code: 'ModelUnauthorized' }],
  [429, { message: 'slow', code: 'rate_limit_exceeded' }, { code: 'ModelRateLimited', retryAfterMs: 2_500 }],
  [400, { message: 'too much', code: 'context_length_exceeded' }, { code: 'ModelRefusedRequest', tooLong: true }],
  [
    400,
    { message: "This model's maximum context length is 8192 tokens.", type: 'BadRequestError', code: 400 },
    { code: 'ModelRefusedRequest', tooLong: true },
  ],
  [400, { message: 'bad tool', type: 'invalid_request_error' }, { code: 'ModelRefusedRequest', tooLong: false }],
])('an answer %i %j is what it says', async (status, error, expected) => {
  const headers = { 'retry-after-ms': '2500' };
  await using server = await serving([{ status, body: JSON.stringify({ error }), headers }]);
  expect(await failureOf(modelAt(server.url).call(asking()))).toMatchObject(expected);
});

test('a redirect is not followed, because the key would go along', async () => {
  await using elsewhere = await serving([[delta({ content: 'Mine now.' }, 'stop'), DONE]]);
  const headers = { location: `${elsewhere.url}/v1/chat/completions` };
  await using server = await serving([{ status: 307, body: '', headers }]);
  expect((await failureOf(modelAt(server.url).call(asking()))).code).toBe('ModelUnavailable');
  expect(elsewhere.seen).toEqual([]);
});

test('a server without a key is sent none', async () => {
  await using server = await serving([[delta({ content: 'Free.' }, 'stop'), DONE]]);
  await modelAt(server.url, { keyVersion: null }, null).call(asking());
  expect(server.seen[0]?.headers).not.toHaveProperty('authorization');
});

describe('the Responses API', () => {
  const responses = { api: 'responses' } as const;
  const over = (response: object, type = 'response.completed') => ({
    type,
    response: { model: 'qwen', status: type.split('.')[1], output: [], ...response },
  });

  test('reasoning comes back sealed and is given back in its place; nothing is stored at the vendor', async () => {
    const reasoning = {
      type: 'reasoning',
      id: 'rs_1',
      summary: [],
      encrypted_content: 'c2VhbGVk',
      status: 'completed',
    };
    const call = {
      type: 'function_call',
      call_id: 'call_0123456789abcdef0123',
      name: 'bash',
      arguments: '{"command":"ls"}',
    };
    await using server = await serving([
      [over({ output: [reasoning, call] })],
      [over({ output: [{ type: 'message', content: [{ type: 'output_text', text: 'Done.' }] }] })],
    ]);
    const model = modelAt(server.url, { ...responses, reasoning: 'high' });
    const first = await model.call(asking());
    const result: ModelMessage = {
      role: 'user',
      content: [{ type: 'tool_result', id: call.call_id, text: 'a.txt', isError: false }],
    };
    const second = await model.call(asking([said('hi'), { role: 'assistant', content: first.content }, result]));
    expect(server.seen[0]?.body).toMatchObject({
      store: false,
      reasoning: { effort: 'high' },
      include: ['reasoning.encrypted_content'],
    });
    expect(server.seen[1]?.body.input).toEqual([
      { type: 'message', role: 'user', content: 'hi' },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'c2VhbGVk' },
      call,
      { type: 'function_call_output', call_id: call.call_id, output: 'a.txt' },
    ]);
    expect(second.content).toEqual([{ type: 'text', text: 'Done.' }]);
  });

  test.each([
    [over({ incomplete_details: { reason: 'max_output_tokens' } }, 'response.incomplete'), { stopReason: 'length' }],
    [over({ incomplete_details: { reason: 'content_filter' } }, 'response.incomplete'), { stopReason: 'refused' }],
    [
      over({ output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }] }),
      { stopReason: 'refused', content: [{ type: 'text', text: 'No.' }] },
    ],
    [
      over({ usage: { input_tokens: 50, output_tokens: 5, input_tokens_details: { cached_tokens: 40 } } }),
      { usage: { inputTokens: 50, outputTokens: 5, cachedTokens: 40 } },
    ],
    [over({}), { usage: { estimated: true } }],
  ])('%j', async (event, expected) => {
    await using server = await serving([[event]]);
    expect(await modelAt(server.url, responses).call(asking())).toMatchObject(expected);
  });

  test.each([
    [over({ error: { code: 'rate_limit_exceeded', message: 'slow' } }, 'response.failed'), 'ModelRateLimited'],
    [over({ error: { code: 'server_error', message: 'oh' } }, 'response.failed'), 'ModelUnavailable'],
    [{ type: 'error', code: 'invalid_prompt', message: 'no', param: null }, 'ModelRefusedRequest'],
    [{ type: 'response.output_text.delta', delta: 'half' }, 'ModelUnavailable'],
  ])('%j fails as %s', async (event, code) => {
    await using server = await serving([[event]]);
    expect((await failureOf(modelAt(server.url, responses).call(asking()))).code).toBe(code);
  });
});

test('a stream without an end is given up', async () => {
  const piece = createHash('sha256').update('x').digest('hex').repeat(16_000);
  await using server = await serving([Array.from({ length: 20 }, () => delta({ content: piece }))]);
  expect(await failureOf(modelAt(server.url).call(asking()))).toMatchObject({
    code: 'ModelUnavailable',
    message: "the model's answer has no end",
  });
});
