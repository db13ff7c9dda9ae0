/** What a model's server may send at most, and what is kept of its errors. Each vendor's client, without a network. */
import type { NamedModel } from '../../../access/document.ts';
import { ModelError } from '../../../agent/errors.ts';
import { createModel } from '../../../agent/model/create-model.ts';
import type { Model, ModelRequest } from '../../../agent/model/model.ts';

const APIS = ['chat-completions', 'responses', 'messages'] as const;
type Api = NamedModel['api'];
const KEY = `key-${'k7'.repeat(40)}`;
const MEGABYTE = 1_048_576;

type Answer = (signal: AbortSignal | null | undefined) => Response;

function modelThatSays(api: Api, answer: Answer): Model {
  return createModel(
    {
      ...{ name: 'local', vendor: 'openai-compatible', api, baseUrl: 'https://llm.example/v1', model: 'qwen' },
      ...{ for: [], line: 1, contextTokens: 100_000, answerTokens: 4_000, keyVersion: 1 },
    },
    KEY,
    async (_url, init) => answer(init?.signal),
  );
}

const request = (): ModelRequest => ({
  system: 'A test.',
  messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  tools: [],
  maxTokens: 1000,
  signal: new AbortController().signal,
});

async function failureOf(call: Promise<unknown>): Promise<ModelError> {
  const error = await call.catch((thrown: unknown) => thrown);
  if (!(error instanceof ModelError)) throw new Error(`not a ModelError: ${String(error)}`);
  return error;
}

type Event = Readonly<Record<string, unknown>>;

const EVENT_STREAM = { headers: { 'content-type': 'text/event-stream' } };

function events(api: Api, all: readonly Event[]): Response {
  const lines = all.map((each) => `${each.type ? `event: ${each.type}\n` : ''}data: ${JSON.stringify(each)}\n\n`);
  return new Response(`${lines.join('')}${api === 'chat-completions' ? 'data: [DONE]\n\n' : ''}`, EVENT_STREAM);
}

/** The same piece again and again, up to a number of bytes that no answer has. Says how much of it was taken. */
function endless(piece: string, taken: { bytes: number }): Response {
  const bytes = new TextEncoder().encode(piece);
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (taken.bytes > 200 * MEGABYTE) return controller.close();
      taken.bytes += bytes.length;
      controller.enqueue(bytes);
    },
  });
  return new Response(body, EVENT_STREAM);
}

describe.each(APIS)('%s', (api) => {
  test.each([
    ['a stream of what nobody reads', `: ${'x'.repeat(1_000)}\n\n`.repeat(1_000)],
    ['an event without an end', `: ${'x'.repeat(1_000)}\n`.repeat(1_000)],
    ['a line without an end', 'x'.repeat(MEGABYTE)],
  ])('%s ends', async (what, piece) => {
    const taken = { bytes: 0 };
    const error = await failureOf(modelThatSays(api, () => endless(piece, taken)).call(request()));
    expect(error).toMatchObject({ code: 'ModelUnavailable', message: "the model's answer has no end" });
    expect(taken.bytes).toBeLessThan((what.includes('without') ? 20 : 70) * MEGABYTE);
  });

  test.each(['\n', '\r\n'])(
    'many pings are no answer without an end, also when their ends come in pieces: %j',
    async (end) => {
      const ping = [`: ${'x'.repeat(MEGABYTE)}${end}`, end];
      const answer = await events(api, callsIn(api, 1)).text();
      const pieces = [...Array.from({ length: 24 }, () => ping).flat(), answer];
      const model = modelThatSays(api, () => new Response(inPieces(pieces), EVENT_STREAM));
      expect((await model.call(request())).content).toHaveLength(1);
    },
  );

  test('an answer has a bounded number of calls', async () => {
    const call = modelThatSays(api, () => events(api, callsIn(api, 256)));
    expect((await call.call(request())).content).toHaveLength(256);
    const error = await failureOf(modelThatSays(api, () => events(api, callsIn(api, 257))).call(request()));
    expect(error).toMatchObject({
      code: 'ModelUnavailable',
      message: "the model's answer has more than 256 tool calls",
    });
  });

  test.each([
    ['at its beginning', 0],
    ['where it is cut', 440],
  ])('a key that a server repeats stands in no error, %s', async (_where, before) => {
    const message = `${'w'.repeat(before)} ${KEY} ${'w'.repeat(2_000)}`;
    const body = JSON.stringify({ type: 'error', error: { message, type: 'authentication_error', code: null } });
    const refused = modelThatSays(api, () => new Response(body, { status: 401 }));
    expectWithoutKey(await failureOf(refused.call(request())));
    const said = modelThatSays(api, () => events(api, [errorIn(api, message)]));
    expectWithoutKey(await failureOf(said.call(request())));
  });

  test('an error of the connection holds no piece of a key', async () => {
    for (const before of [200, 260, 450]) {
      const model = modelThatSays(api, () => {
        throw new Error(`${'w'.repeat(before)} ${KEY}`);
      });
      expectWithoutKey(await failureOf(model.call(request())));
      const unreadable = modelThatSays(api, () => brokenStream(`${'w'.repeat(before)} ${KEY}`));
      expectWithoutKey(await failureOf(unreadable.call(request())));
    }
  });
});

function inPieces(pieces: readonly string[]): ReadableStream<Uint8Array> {
  const left = pieces.map((piece) => new TextEncoder().encode(piece));
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const next = left.shift();
      if (next) controller.enqueue(next);
      else controller.close();
    },
  });
}

function brokenStream(words: string): Response {
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error(words)),
  });
  return new Response(body, EVENT_STREAM);
}

function expectWithoutKey(error: ModelError): void {
  const words = `${error.message} ${error.stack} ${JSON.stringify(error)} ${causesOf(error.cause)}`;
  expect(words).not.toContain(KEY.slice(0, 12));
  expect(error.message.length).toBeLessThanOrEqual(500);
}

function causesOf(error: unknown): string {
  return error instanceof Error ? `${error.message} ${error.stack} ${causesOf(error.cause)}` : String(error);
}

function errorIn(api: Api, message: string) {
  const error = { message, type: 'server_error', code: 'server_error' };
  return api === 'responses' ? { ...error, type: 'error' } : { type: 'error', error };
}

function callsIn(api: Api, count: number): Event[] {
  const each = Array.from({ length: count }, (_, index) => index);
  const id = (index: number) => `call_${String(index).padStart(20, '0')}`;
  switch (api) {
    case 'chat-completions': {
      const delta = (fields: object, finish: string | null = null) => ({
        ...{ model: 'qwen', choices: [{ index: 0, delta: fields, finish_reason: finish }] },
      });
      return [
        ...each.map((index) =>
          delta({ tool_calls: [{ index, id: id(index), function: { name: 'bash', arguments: '{}' } }] }),
        ),
        delta({}, 'tool_calls'),
      ];
    }
    case 'responses': {
      const output = each.map((index) => ({
        ...{ type: 'function_call', call_id: id(index), name: 'bash', arguments: '{}' },
      }));
      return [{ type: 'response.completed', response: { status: 'completed', output } }];
    }
    case 'messages': {
      const usage = { input_tokens: 1, output_tokens: 1 };
      const message = { id: 'm', type: 'message', role: 'assistant', model: 'qwen', content: [], stop_reason: null };
      return [
        { type: 'message_start', message: { ...message, stop_sequence: null, usage } },
        ...each.flatMap((index) => [
          {
            ...{ type: 'content_block_start', index },
            content_block: { type: 'tool_use', id: id(index), name: 'bash', input: {} },
          },
          { type: 'content_block_stop', index },
        ]),
        { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage },
        { type: 'message_stop' },
      ];
    }
  }
}
