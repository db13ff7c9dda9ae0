/** Every protocol of a model, against a server of all of them that we did not write, on good days and bad ones. */
import { LLMock } from '@copilotkit/aimock';
import type { NamedModel } from '../../../access/document.ts';
import { ModelError } from '../../../agent/errors.ts';
import { createModel } from '../../../agent/model/create-model.ts';
import type { ModelMessage, ModelRequest } from '../../../agent/model/model.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';

const KEY = 'sk-canary-71d0b3e2';
const MEGABYTE = 'x'.repeat(1_000_000);

const PROTOCOLS = [
  { api: 'messages', vendor: 'anthropic', path: '' },
  { api: 'chat-completions', vendor: 'openai-compatible', path: '/v1' },
  { api: 'responses', vendor: 'openai-compatible', path: '/v1' },
] as const;

/** A picture beside words, and behind it the PDF of a result, as each protocol has them. */
const PICTURES_OF = {
  messages:
    /"type":"image","source":\{"type":"base64","media_type":"image\/png","data":"iVBORw0KGgo="\}.*"type":"document","source":\{"type":"base64","media_type":"application\/pdf","data":"JVBERi0="/,
  'chat-completions':
    /"type":"image_url","image_url":\{"url":"data:image\/png;base64,iVBORw0KGgo="\}.*"role":"tool".*"type":"file","file":\{"filename":"b\.pdf","file_data":"data:application\/pdf;base64,JVBERi0="/,
  responses:
    /"type":"input_image","image_url":"data:image\/png;base64,iVBORw0KGgo=".*"type":"function_call_output".*"type":"input_file","filename":"b\.pdf","file_data":"data:application\/pdf;base64,JVBERi0="/,
} as const;

let server: LLMock;

beforeAll(async () => {
  server = new LLMock({ port: 0, host: '127.0.0.1' });
  await server.start();
});
afterAll(() => server.stop());
beforeEach(() => void server.reset());

function asking(text: string, options: Partial<ModelRequest> = {}): ModelRequest {
  return {
    system: 'You are a test.',
    messages: [{ role: 'user', content: [{ type: 'text', text }] }],
    tools: createToolRegistry().specs,
    maxTokens: 1000,
    signal: new AbortController().signal,
    ...options,
  };
}

async function failureOf(call: Promise<unknown>): Promise<ModelError> {
  const error = await call.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ModelError)) throw new Error(`not a ModelError: ${String(error)}`);
  return error;
}

describe.each(PROTOCOLS)('$api', ({ api, vendor, path }) => {
  const model = (more: Partial<NamedModel> = {}, fetch?: typeof globalThis.fetch) =>
    createModel(
      {
        ...{ name: 'large', vendor, api, baseUrl: `${server.url}${path}`, model: 'some-model', for: [], line: 1 },
        ...{ contextTokens: 100_000, answerTokens: 4_000, keyVersion: 1 },
        ...more,
      },
      KEY,
      fetch,
    );

  /** The body of the newest request, as text. */
  const sent = () => JSON.stringify(server.getLastRequest()?.body);

  test('text arrives in pieces, and what it cost is known', async () => {
    const usage = { input_tokens: 120, output_tokens: 9, prompt_tokens: 120, completion_tokens: 9 };
    server.onMessage('hello', { content: 'Good day to you, and to all of your friends.', usage }, { chunkSize: 8 });
    const pieces: string[] = [];
    const answer = await model().call(asking('hello', { onText: (piece) => pieces.push(piece) }));
    expect(pieces.length).toBeGreaterThan(3);
    expect(pieces.join('')).toBe('Good day to you, and to all of your friends.');
    expect(answer.content).toEqual([{ type: 'text', text: pieces.join('') }]);
    expect(answer.stopReason).toBe('end');
    expect(answer.usage).toEqual({ inputTokens: 120, outputTokens: 9 });
  });

  test('a call comes whole, and its result goes back to it', async () => {
    server.onMessage('look', { content: 'I look.', toolCalls: [{ name: 'bash', arguments: '{"command":"ls"}' }] });
    const request = asking('look');
    const first = await model().call(request);
    const call = first.content.find((block) => block.type === 'tool_use');
    expect(first.stopReason).toBe('tools');
    expect(call).toMatchObject({ name: 'bash', input: { command: 'ls' } });

    server.onMessage('be quick', { content: 'There is a file.' });
    const messages: ModelMessage[] = [
      ...request.messages,
      { role: 'assistant', content: first.content },
      {
        role: 'user',
        content: [
          { type: 'tool_result', id: call?.id ?? '', text: 'a.txt', isError: false },
          { type: 'text', text: 'be quick' },
        ],
      },
    ];
    const second = await model().call({ ...request, messages });
    expect(second.content).toEqual([{ type: 'text', text: 'There is a file.' }]);
    expect(sent()).toContain(call?.id);
    expect(sent()).toContain('be quick');
    expect(sent()).not.toMatch(/"(?:text|content)":"\s*"|"content":\[\]/);
  });

  test('pictures and PDF go along, beside the words and behind results', async () => {
    server.onMessage('look at both', { content: 'I see.' });
    const data = 'iVBORw0KGgo=';
    const png = { type: 'picture', mediaType: 'image/png', data, label: 'a.png' } as const;
    const pdf = { type: 'picture', mediaType: 'application/pdf', data: 'JVBERi0=', label: '/workspace/b.pdf' } as const;
    const messages: ModelMessage[] = [
      { role: 'user', content: [{ type: 'text', text: 'first' }, png] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'call_1', name: 'view_file', input: {} }] },
      {
        role: 'user',
        content: [
          { type: 'tool_result', id: 'call_1', text: 'a PDF', isError: false, pictures: [pdf] },
          { type: 'text', text: 'look at both' },
        ],
      },
    ];
    // The server keeps no pictures, so the body is read on its way there.
    let body = '';
    const read: typeof fetch = (input, init) => {
      body = String(init?.body);
      return fetch(input, init);
    };
    const answer = await model({}, read).call(asking('', { messages }));
    expect(answer.content).toEqual([{ type: 'text', text: 'I see.' }]);
    expect(body).toMatch(PICTURES_OF[api]);
    expect(body).not.toMatch(/"(?:text|content)":"\s*"|"content":\[\]/);
    // Where the server does not count, the bytes of pictures are not taken for words.
    expect(answer.usage.inputTokens).toBeLessThan(10_000);
  });

  test('an argument of a megabyte comes whole', async () => {
    const json = JSON.stringify({ path: 'big', text: MEGABYTE });
    server.onMessage('write', { toolCalls: [{ name: 'write_file', arguments: json }] }, { chunkSize: 60_000 });
    const { content } = await model().call(asking('write'));
    expect(content).toEqual([
      { type: 'tool_use', id: expect.any(String), name: 'write_file', input: { path: 'big', text: MEGABYTE } },
    ]);
  });

  test.each([
    ['no JSON', '{"command": "ls', { 'not an object': '{"command": "ls' }],
    ['a list', '["ls"]', { 'not an object': ['ls'] }],
    ['nothing', '', {}],
  ])('arguments that are %s become an object that a later request can hold', async (_, json, input) => {
    // The SDK of this protocol reads the arguments itself.
    if (api === 'messages') return;
    server.onMessage('odd', { toolCalls: [{ name: 'bash', arguments: json }] });
    const answer = await model().call(asking('odd'));
    expect(answer.content).toEqual([{ type: 'tool_use', id: expect.any(String), name: 'bash', input }]);
  });

  test('an empty answer is an answer, and a later request holds nothing empty', async () => {
    server.onMessage('quiet', { content: '' });
    const request = asking('quiet');
    const { content, stopReason } = await model().call(request);
    expect(content.filter((block) => block.type === 'text' && block.text.trim() !== '')).toEqual([]);
    expect(stopReason).toBe('end');

    server.onMessage('and now', { content: 'Now.' });
    const messages: ModelMessage[] = [
      ...request.messages,
      { role: 'assistant', content: [...content, { type: 'text', text: '(no answer)' }] },
      { role: 'user', content: [{ type: 'text', text: 'and now' }] },
    ];
    await model().call({ ...request, messages });
    expect(sent()).not.toMatch(/"(?:text|content)":"\s*"|"content":\[\]/);
  });

  test('an answer that is cut at its length says so', async () => {
    server.onMessage('long', { content: 'Once upon a', finishReason: 'length' });
    expect(await model().call(asking('long'))).toMatchObject({
      stopReason: 'length',
      content: [{ type: 'text', text: 'Once upon a' }],
    });
  });

  test.each([
    [400, 'ModelRefusedRequest'],
    [401, 'ModelUnauthorized'],
    [403, 'ModelUnauthorized'],
    [404, 'ModelRefusedRequest'],
    [429, 'ModelRateLimited'],
    [500, 'ModelUnavailable'],
    [503, 'ModelUnavailable'],
    [529, 'ModelUnavailable'],
  ])('an answer %i is one attempt and counts as %s', async (status, code) => {
    server.onMessage('fail', { error: { message: 'no', type: 'some_error' }, status });
    expect(await failureOf(model().call(asking('fail')))).toMatchObject({ code, status });
    expect(server.getRequests()).toHaveLength(1);
  });

  test('the delay that the vendor asks for is known', async () => {
    server.onMessage('fail', { error: { message: 'slow down' }, status: 429, retryAfter: 17 });
    expect((await failureOf(model().call(asking('fail')))).retryAfterMs).toBe(17_000);
  });

  test.each([
    ['is dropped', { dropRate: 1 }],
    ['is malformed', { malformedRate: 1 }],
    ['breaks off', { disconnectRate: 1 }],
  ])('an answer that %s is a failed attempt', async (_, chaos) => {
    server.onMessage('hello', { content: 'Good day.' });
    server.setChaos(chaos);
    const { code } = await failureOf(model().call(asking('hello')));
    server.clearChaos();
    expect(code).toBe('ModelUnavailable');
  });

  test('a stream that ends in the middle is a failed attempt, not an answer', async () => {
    const content = 'A sentence that is never said to its end.';
    server.onMessage('hello', { content }, { chunkSize: 4, truncateAfterChunks: 4 });
    const pieces: string[] = [];
    const call = model().call(asking('hello', { onText: (piece) => pieces.push(piece) }));
    expect((await failureOf(call)).code).toBe('ModelUnavailable');
  });

  test('the key is sent as the vendor wants it, and stands in no error', async () => {
    server.onMessage('fail', { error: { message: `wrong key ${KEY}`, type: 'authentication_error' }, status: 401 });
    const error = await failureOf(model().call(asking('fail')));
    const { headers } = server.getLastRequest() ?? { headers: {} };
    expect(JSON.stringify(headers)).not.toContain('undefined');
    const words = `${error.message} ${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`;
    expect(words).not.toContain(KEY);
    expect(error.code).toBe('ModelUnauthorized');
  });

  test('the longest answer of a model is not exceeded', async () => {
    server.onMessage('hello', { content: 'Good day.' });
    await model({ answerTokens: 300 }).call(asking('hello'));
    expect(sent()).toMatch(/"max_(?:output_|completion_)?tokens":300/);
  });
});
