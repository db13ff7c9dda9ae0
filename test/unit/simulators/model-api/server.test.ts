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

const said = (content: unknown) => ({ role: 'user', content });
const CALL = { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'bash', input: {} }] };
const RESULT = { type: 'tool_result', tool_use_id: 'a', content: 'x' };
const ASKED = said('x');

const png = (width: number, height: number) => {
  const bytes = Buffer.alloc(24);
  bytes.write('\x89PNG\r\n\x1a\n', 'latin1');
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes.toString('base64');
};
const picture = (data: string, type = 'image/png') => ({
  type: 'image',
  source: { type: 'base64', media_type: type, data },
});
const pdf = (text: string) => ({
  type: 'document',
  source: { type: 'base64', media_type: 'application/pdf', data: Buffer.from(text).toString('base64') },
});
const many = <Item>(count: number, item: Item) => Array.from({ length: count }, () => item);

describe('the Messages API', () => {
  test.each([
    ['no messages', [], /at least one message/],
    ['an assistant first', [CALL], /must use the "user" role/],
    ['an assistant last', [ASKED, { role: 'assistant', content: 'I' }], /must end with a user message/],
    ['empty text', [said([{ type: 'text', text: '' }])], /non-empty/],
    ['text of white space', [said([{ type: 'text', text: ' \n' }])], /non-whitespace/],
    ['a text of white space', [said('\t')], /non-whitespace/],
    ['no content', [said([])], /non-empty content/],
    [
      'empty text in a result',
      [ASKED, CALL, said([{ ...RESULT, content: [{ type: 'text', text: '' }] }])],
      /non-empty/,
    ],
    ['a call without its result', [ASKED, CALL, said('y')], /without `tool_result`/],
    ['a result after a word', [ASKED, CALL, said([{ type: 'text', text: 'y' }, RESULT])], /come before other content/],
    ['two results of a call', [ASKED, CALL, said([RESULT, RESULT])], /single result/],
    ['an id used twice', [ASKED, CALL, said([RESULT]), CALL, said([RESULT])], /must be unique/],
    ['a result without its call', [said([RESULT])], /unexpected `tool_use_id`/],
    ['a call by a person', [said(CALL.content)], /only be in `assistant`/],
    [
      'a picture by the model',
      [ASKED, { role: 'assistant', content: [picture(png(1, 1))] }, ASKED],
      /only be in `user`/,
    ],
    ['too many pictures', [said(many(101, picture(png(1, 1))))], /too many images: 101 > 100/],
    ['a large picture', [said([picture('A'.repeat(5_242_884))])], /exceeds 5 MB maximum/],
    ['a wide picture', [said([picture(png(8_001, 10))])], /exceed max allowed size: 8000/],
    ['many wide pictures', [said(many(21, picture(png(2_001, 10))))], /many-image requests: 2000/],
    ['a picture of another type', [said([picture(png(1, 1), 'image/jpeg')])], /appears to be image\/png/],
    ['no picture', [said([picture(Buffer.from('<html>').toString('base64'))])], /Could not process image/],
    ['no PDF', [said([pdf('<html>')])], /PDF specified was not valid/],
    ['a locked PDF', [said([pdf('%PDF-1.7 /Encrypt 5 0 R')])], /password protected/],
    ['a long PDF', [said([pdf(`%PDF-1.7${'<< /Type /Page >>'.repeat(101)}`)])], /maximum of 100 PDF pages/],
  ])('%s is refused', async (_, messages, message) => {
    const answer = await post(request(messages));
    expect(answer.status).toBe(400);
    expect((await answer.json()).error).toEqual({
      type: 'invalid_request_error',
      message: expect.stringMatching(message),
    });
  });

  test('pictures, PDFs and sealed reasoning are taken', async () => {
    const thinking = { type: 'thinking', thinking: 'I look.', signature: 'c2ln' };
    const result = { ...RESULT, content: [{ type: 'text', text: 'a picture' }, picture(png(1_000, 900))] };
    const called = { ...CALL, content: [thinking, ...CALL.content] };
    const messages = [said([picture(png(8_000, 10)), pdf('%PDF-1.7')]), called, said([result])];
    expect((await post(request(messages))).status).toBe(200);
  });
});

test('a body that is not JSON is refused', async () => {
  const answer = await fetch(`${api.url}/v1/messages`, { method: 'POST', headers: { 'x-api-key': 'k' }, body: '{' });
  expect(answer.status).toBe(400);
});

test('it says that it is a simulator', async () => {
  expect(await (await fetch(api.url)).json()).toMatchObject({
    simulator: "Anthropic's Messages API, and OpenAI's Chat Completions and Responses",
  });
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
