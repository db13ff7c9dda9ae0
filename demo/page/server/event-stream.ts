import type { FastifyReply, FastifyRequest } from 'fastify';
import type { LiveEventName, LiveEvents } from '../contract/page.ts';

export interface EventStream {
  send<Name extends LiveEventName>(name: Name, data: LiveEvents[Name]): void;
  onClose(callback: () => void): void;
}

/** Keeps proxies and browsers from giving up on a silent stream. */
const BEAT_MS = 15_000;

/** Answers with server-sent events (WHATWG HTML §9.2) until the browser goes away. */
export function openEventStream(request: FastifyRequest, reply: FastifyReply): EventStream {
  reply.hijack();
  const headers = Object.fromEntries(
    Object.entries(reply.getHeaders()).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  reply.raw.writeHead(200, {
    ...headers,
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
  });
  reply.raw.write('retry: 1000\n\n');
  const beat = setInterval(() => reply.raw.write(': still here\n\n'), BEAT_MS);
  request.raw.on('close', () => clearInterval(beat));
  return {
    send(name, data) {
      if (!reply.raw.writableEnded) reply.raw.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    onClose: (callback) => void request.raw.on('close', callback),
  };
}
