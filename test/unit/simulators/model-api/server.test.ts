import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { type ModelApi, startModelApi } from '../../../../simulators/model-api/server.ts';

let api: ModelApi;

beforeAll(async () => {
  api = await startModelApi({ scenarios: [], port: 0, apiKey: null, delayMs: 0 });
});

afterAll(() => api.close());

function post(body: unknown, headers: Record<string, string> = { 'x-api-key': 'k' }): Promise<Response> {
  return fetch(`${api.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

const TOOLS = [{ name: 'bash', description: 'runs', input_schema: { type: 'object' } }];

function request(messages: unknown[]): object {
  return { model: 'demo', max_tokens: 100, tools: TOOLS, messages };
}

test('without streaming the whole message comes at once', async () => {
  const answer = await post(request([{ role: 'user', content: '$ ls' }]));
  expect(await answer.json()).toMatchObject({
    type: 'message',
    role: 'assistant',
    stop_reason: 'tool_use',
    content: [{ type: 'tool_use', name: 'bash', input: { command: 'ls' } }],
    usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
  });
});

test('without a key it answers as the real one does', async () => {
  const answer = await post(request([{ role: 'user', content: 'hi' }]), {});
  expect(answer.status).toBe(401);
  expect(await answer.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
});

const CALL = { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'bash', input: {} }] };
const RESULT = { type: 'tool_result', tool_use_id: 'a', content: 'x' };

test.each([
  ['no messages', [], /at least one message/],
  ['an assistant first', [CALL], /must use the "user" role/],
  ['empty text', [{ role: 'user', content: [{ type: 'text', text: '' }] }], /non-empty/],
  [
    'a call without its result',
    [{ role: 'user', content: 'x' }, CALL, { role: 'user', content: 'y' }],
    /without `tool_result`/,
  ],
  ['a result without its call', [{ role: 'user', content: [RESULT] }], /unexpected `tool_use_id`/],
])('a conversation with %s is refused', async (_, messages, message) => {
  const answer = await post(request(messages));
  expect(answer.status).toBe(400);
  expect((await answer.json()).error).toEqual({
    type: 'invalid_request_error',
    message: expect.stringMatching(message),
  });
});

test('a body that is not JSON is refused', async () => {
  const answer = await fetch(`${api.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': 'k' }, body: '{' });
  expect(answer.status).toBe(400);
});

test('it says that it is a simulator', async () => {
  expect(await (await fetch(api.url)).json()).toMatchObject({ simulator: "Anthropic's Messages API" });
});

test('the process says where it listens and ends when asked', async () => {
  const main = path.join(import.meta.dirname, '../../../../simulators/model-api/main.ts');
  const child = spawn(process.execPath, [main], { env: { MODEL_SIM_PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(child.stdout), 'line');
  const { ready, url } = JSON.parse(line);
  expect(ready).toBe('model-api');
  expect((await fetch(url)).status).toBe(200);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

test('a setting that cannot be is named', async () => {
  const main = path.join(import.meta.dirname, '../../../../simulators/model-api/main.ts');
  const child = spawn(process.execPath, [main], { env: { MODEL_SIM_PORT: 'x' }, stdio: ['ignore', 'ignore', 'pipe'] });
  const [line] = await once(createInterface(child.stderr), 'line');
  expect(line).toMatch(/^MODEL_SIM_PORT: /);
  expect((await once(child, 'exit'))[0]).toBe(2);
});
