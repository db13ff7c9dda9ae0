import { ModelError } from '../../../agent/errors.ts';
import { createAnthropicModel } from '../../../agent/model/anthropic.ts';
import type { ModelRequest } from '../../../agent/model/model.ts';
import { createToolRegistry } from '../../../agent/tools/registry.ts';
import { type ModelApi, startModelApi } from '../../../simulators/model-api/server.ts';
import { contention } from '../../support/contention.ts';
import { answer, event, MESSAGE_START, startOddServer } from './support/odd-server.ts';

let api: ModelApi;

beforeAll(async () => {
  api = await startModelApi({ scenarios: [], port: 0, apiKey: 'right', delayMs: 0 });
});

afterAll(() => api.close());

function modelAt(baseUrl: string, options: { apiKey?: string; idleMs?: number } = {}) {
  return createAnthropicModel({ apiKey: 'right', model: 'demo', baseUrl, ...options });
}

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

test('text arrives in pieces and tool calls whole', async () => {
  const pieces: string[] = [];
  const said = `say ${'a long sentence with an ünusual letter '.repeat(8)}\n$ echo "x" | tee f\n& read f`;
  const result = await modelAt(api.url).call(asking(said, { onText: (piece) => pieces.push(piece) }));

  expect(pieces.length).toBeGreaterThan(3);
  expect(result.content[0]).toEqual({ type: 'text', text: pieces.join('') });
  expect(result.content.slice(1)).toEqual([
    { type: 'tool_use', id: expect.any(String), name: 'bash', input: { command: 'echo "x" | tee f' } },
    { type: 'tool_use', id: expect.any(String), name: 'read_file', input: { path: 'f' } },
  ]);
  expect(result).toMatchObject({ stopReason: 'tools', model: 'demo' });
  expect(result.usage.inputTokens).toBeGreaterThan(100);
});

test.each([
  [400, 'ModelRefusedRequest'],
  [401, 'ModelUnauthorized'],
  [403, 'ModelUnauthorized'],
  [429, 'ModelRateLimited'],
  [500, 'ModelUnavailable'],
  [503, 'ModelUnavailable'],
  [529, 'ModelUnavailable'],
])('an answer %i is one attempt and counts as %s', async (status, code) => {
  const before = api.calls.length;
  const error = await failureOf(modelAt(api.url).call(asking(`fail ${status}\n$ echo ${status}`)));
  expect(error).toMatchObject({ code, status });
  expect(api.calls.length).toBe(before + 1);
});

test('Retry-After of a rate limit becomes the next delay', async () => {
  const error = await failureOf(modelAt(api.url).call(asking('fail 429\n$ echo later')));
  expect(error.retryAfterMs).toBe(1000);
});

test('a script that fails twice goes on at the third attempt', async () => {
  const model = modelAt(api.url);
  const request = asking('fail 503 x2\n$ echo third time');
  await failureOf(model.call(request));
  await failureOf(model.call(request));
  expect((await model.call(request)).stopReason).toBe('tools');
});

test('a wrong key is named as such and does not stand in the error', async () => {
  const error = await failureOf(modelAt(api.url, { apiKey: 'sk-very-secret' }).call(asking('hi')));
  expect(error.code).toBe('ModelUnauthorized');
  expect(`${error.message} ${JSON.stringify(error)}`).not.toContain('sk-very-secret');
});

test('a stop is felt at once while the model thinks', async () => {
  const controller = new AbortController();
  const reason = new Error('stopped by a person');
  setTimeout(() => controller.abort(reason), 100);
  const begun = Date.now();
  await expect(modelAt(api.url).call(asking('think 30s\n$ true', { signal: controller.signal }))).rejects.toBe(reason);
  expect(Date.now() - begun).toBeLessThan(600 * contention());
});

test('a server that never answers is given up after the idle time', async () => {
  await using server = await startOddServer(() => {});
  const error = await failureOf(modelAt(server.url, { idleMs: 150 }).call(asking('hi')));
  expect(error).toMatchObject({ code: 'ModelUnavailable', message: 'the model was silent for 0.15 s' });
});

test('a stream that falls silent is given up, one that only pings is not', async () => {
  await using silent = await startOddServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(MESSAGE_START);
  });
  expect((await failureOf(modelAt(silent.url, { idleMs: 200 }).call(asking('hi')))).code).toBe('ModelUnavailable');

  await using pinging = await startOddServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let pings = 0;
    const timer = setInterval(() => {
      response.write(event('ping'));
      if (++pings < 12) return;
      clearInterval(timer);
      response.end(answer([{ type: 'text', text: 'at last' }], 'end_turn'));
    }, 50);
  });
  const result = await modelAt(pinging.url, { idleMs: 300 }).call(asking('hi'));
  expect(result.content).toEqual([{ type: 'text', text: 'at last' }]);
});

test.each(['breaks off', 'ends without saying why'])(
  'a stream that %s is a failed attempt, not an answer',
  async (how) => {
    await using server = await startOddServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(MESSAGE_START);
      response.write(event('content_block_start', { index: 0, content_block: { type: 'text', text: 'ha' } }));
      setTimeout(() => (how === 'breaks off' ? response.destroy() : response.end()), 50);
    });
    expect((await failureOf(modelAt(server.url).call(asking('hi')))).code).toBe('ModelUnavailable');
  },
);

test.each([
  ['overloaded_error', 'ModelUnavailable'],
  ['rate_limit_error', 'ModelRateLimited'],
  ['authentication_error', 'ModelUnauthorized'],
  ['invalid_request_error', 'ModelRefusedRequest'],
])('an error event %s in the middle of a stream counts as %s', async (type, code) => {
  await using server = await startOddServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(MESSAGE_START + event('error', { error: { type, message: 'no' } }));
  });
  expect((await failureOf(modelAt(server.url).call(asking('hi')))).code).toBe(code);
});

test('nobody listening counts as unavailable', async () => {
  const server = await startOddServer(() => {});
  await server[Symbol.asyncDispose]();
  expect((await failureOf(modelAt(server.url).call(asking('hi')))).code).toBe('ModelUnavailable');
});

test('what is cached counts as input, and blocks only the provider knows are kept as they are', async () => {
  const thinking = { type: 'thinking', thinking: 'hm', signature: 'sig' };
  await using server = await startOddServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(answer([thinking, { type: 'text', text: 'done' }], 'end_turn'));
  });
  const result = await modelAt(server.url).call(asking('hi'));
  expect(result.usage).toEqual({ inputTokens: 60, outputTokens: 7, cachedTokens: 30, cacheWriteTokens: 20 });
  expect(result.content[0]).toEqual({ type: 'provider', provider: 'anthropic', block: thinking });
});

test('a request that is too long is told apart from other refusals', async () => {
  const body = (message: string) =>
    JSON.stringify({ type: 'error', error: { type: 'invalid_request_error', message } });
  await using server = await startOddServer((_, response) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(body('prompt is too long: 210000 tokens > 200000 maximum'));
  });
  expect(await failureOf(modelAt(server.url).call(asking('hi')))).toMatchObject({
    code: 'ModelRefusedRequest',
    tooLong: true,
  });
});
