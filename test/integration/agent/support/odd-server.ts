import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OddServer extends AsyncDisposable {
  readonly url: string;
}

/** A server that answers as the test says, for what a well-behaved one never does. */
export async function startOddServer(listener: RequestListener): Promise<OddServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One server-sent event of the Messages API. */
export function event(type: string, fields: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

export const MESSAGE_START = event('message_start', {
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'demo',
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 10, cache_creation_input_tokens: 20, cache_read_input_tokens: 30, output_tokens: 1 },
  },
});

/** A whole answer as events. */
export function answer(content: readonly object[], stopReason: string): string {
  const blocks = content.map((block, index) => {
    const { input, ...rest } = block as { input?: unknown };
    const start = input === undefined ? rest : { ...rest, input: {} };
    const json = { type: 'input_json_delta', partial_json: JSON.stringify(input) };
    return [
      event('content_block_start', { index, content_block: start }),
      input === undefined ? '' : event('content_block_delta', { index, delta: json }),
      event('content_block_stop', { index }),
    ].join('');
  });
  const end = event('message_delta', {
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage: { output_tokens: 7 },
  });
  return `${MESSAGE_START}${blocks.join('')}${end}${event('message_stop')}`;
}
