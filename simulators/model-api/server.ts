import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Obeys, type Thought, think } from './brain.ts';
import { createFaultCounter } from './fault-counter.ts';
import type { ContentBlock, Message } from './message-events.ts';
import type { MessagesRequest } from './request.ts';
import type { Scenario } from './scenarios.ts';
import { MESSAGES, type Wire, wireAt } from './wire.ts';

export interface ModelApiOptions {
  readonly scenarios: readonly Scenario[];
  /** 0 takes a free port. */
  readonly port: number;
  /** @default 127.0.0.1 */
  readonly host?: string;
  /** The only key that is accepted; null accepts every key that is not empty. */
  readonly apiKey: string | null;
  /** How long every answer takes at least, in milliseconds, so that a page can be followed. */
  readonly delayMs: number;
  /**
   * `everything`: the model obeys orders wherever they stand, as the worst model would (orders.ts).
   * @default people
   */
  readonly obeys?: Obeys;
}

/** One request as it came and what it was answered with, for tests. */
export interface RecordedCall {
  readonly status: number;
  /** In the words of the Messages API, whichever protocol it came by. Null when it could not be read. */
  readonly request: MessagesRequest | null;
  readonly wire: Wire['name'] | null;
  /** Why it was refused. */
  readonly refused: string | null;
}

export interface ModelApi extends AsyncDisposable {
  readonly url: string;
  /** The newest calls, oldest first. */
  readonly calls: readonly RecordedCall[];
  close(): Promise<void>;
}

const MOST_CALLS = 200;
const LARGEST_BODY = 32 * 1024 * 1024;
const PING_MS = 5_000;

/**
 * A server of Anthropic's Messages API and of OpenAI's Chat Completions and Responses, streamed or not, with the demo model
 * behind all of them.
 */
export async function startModelApi(options: ModelApiOptions): Promise<ModelApi> {
  const calls: RecordedCall[] = [];
  const faults = createFaultCounter();
  const closing = new AbortController();
  const record = (call: RecordedCall) => {
    calls.push(call);
    if (calls.length > MOST_CALLS) calls.shift();
  };

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch((error: unknown) => {
      // The client went away, or the simulator is closing. Any other error is a bug and must be seen.
      if (!response.destroyed && !closing.signal.aborted) {
        console.error(error);
        response.destroy();
      }
    });
  });

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const requestId = `req_demo_${randomUUID()}`;
    const wire = incoming.method === 'POST' ? wireAt(incoming.url?.split('?')[0]) : undefined;
    const name = wire?.name ?? null;
    const refuse = (status: number, message: string, request: MessagesRequest | null = null, waitSeconds?: number) => {
      record({ status, request, wire: name, refused: message });
      const wait = waitSeconds ?? (status === 429 ? 1 : null);
      if (wait !== null) response.setHeader('retry-after', String(wait));
      send(response, status, (wire ?? MESSAGES).error(status, message, requestId));
    };
    response.setHeader('request-id', requestId);
    if (incoming.method === 'GET' && incoming.url === '/') return send(response, 200, ABOUT);
    if (!wire) return refuse(404, 'Not found');
    if (!isAuthorized(incoming, options.apiKey)) return refuse(401, 'invalid x-api-key');
    const body = await readBody(incoming);
    if (body === null) return refuse(413, 'Request exceeds the maximum size');
    const asked = jsonOf(body);
    const read = wire.read(asked);
    if ('refused' in read) return refuse(400, read.refused);

    const { request } = read;
    const thought = think(request, options.scenarios, options.obeys ?? 'people');
    const fault = faults.next(request.messages, thought.faults);
    if (fault !== null) return refuse(fault.status, `The script asked for ${fault.status}`, request, fault.waitSeconds);
    record({ status: 200, request, wire: name, refused: null });
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const signal = AbortSignal.any([gone.signal, closing.signal]);
    const message = messageOf(request, thought, body.length);
    const waitMs = thought.thinkMs + options.delayMs;
    if (request.stream) return stream(response, wire, wire.events(message, asked), waitMs, signal);
    await pause(waitMs, signal);
    return send(response, 200, wire.whole(message));
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host ?? '127.0.0.1', resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      closing.abort();
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://${address}:${port}`, calls, close, [Symbol.asyncDispose]: close };
}

const ABOUT = {
  simulator: "Anthropic's Messages API, and OpenAI's Chat Completions and Responses",
  model: 'the demo model: it follows scripts and is not a language model',
};

async function stream(
  response: ServerResponse,
  { waiting }: Wire,
  events: Iterable<string>,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  let isFirst = true;
  for (const event of events) {
    response.write(event);
    if (!isFirst) continue;
    isFirst = false;
    for (let left = waitMs; left > 0; left -= PING_MS) {
      response.write(waiting);
      await pause(Math.min(left, PING_MS), signal);
    }
  }
  response.end();
}

function messageOf(request: MessagesRequest, thought: Thought, requestBytes: number): Message {
  const content: ContentBlock[] = [
    ...(thought.text === '' ? [] : [{ type: 'text', text: thought.text } as const]),
    ...thought.tools.map((tool) => ({ type: 'tool_use', id: callId(), ...tool }) as const),
  ];
  return {
    id: `msg_demo_${randomUUID()}`,
    type: 'message',
    role: 'assistant',
    model: request.model,
    content,
    stop_reason: thought.tools.length > 0 ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    // Four bytes a token: no tokenizer stands behind it, but usage grows as it should.
    usage: { input_tokens: tokens(requestBytes), output_tokens: tokens(JSON.stringify(content).length) },
  };
}

/** As long as every protocol takes it. */
function callId(): string {
  return `toolu_demo_${randomUUID().replaceAll('-', '').slice(0, 24)}`;
}

function tokens(bytes: number): number {
  return Math.ceil(bytes / 4);
}

function isAuthorized({ headers }: IncomingMessage, apiKey: string | null): boolean {
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  const key = bearer ?? headers['x-api-key'];
  return typeof key === 'string' && key !== '' && (apiKey === null || key === apiKey);
}

/** Null when it is too large. */
async function readBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= LARGEST_BODY) chunks.push(chunk);
  }
  return size <= LARGEST_BODY ? Buffer.concat(chunks) : null;
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await sleep(ms, undefined, { signal });
}
