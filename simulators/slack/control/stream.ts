import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Change, Changes } from '../changes.ts';
import type { Timers } from '../timers.ts';
import type { Views } from './view.ts';

const KEEP_ALIVE_MS = 15_000;

/**
 * Server-sent events of every change. A reader that was away sends the last id it saw (`Last-Event-ID`, or `?after=`) and gets
 * what it missed; when that is no longer kept, it gets `reset` and reads the state anew.
 */
export function createChangeStream(changes: Changes, views: Views, timers: Timers) {
  const open = new Set<FastifyReply>();
  timers.every(KEEP_ALIVE_MS, () => {
    for (const reply of open) reply.raw.write(': still here\n\n');
  });

  return (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { after } = request.query as { after?: string };
    const lastSeen = Number(request.headers['last-event-id'] ?? after ?? changes.lastId);
    reply.hijack();
    reply.raw.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'keep-alive',
    });
    const write = (id: number, type: string, data: unknown) =>
      reply.raw.write(`id: ${id}\nevent: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
    const tell = (change: Change) => {
      const data = views.change(change);
      if (data !== null) write(change.id, change.type, data);
    };
    const missed = Number.isSafeInteger(lastSeen) ? changes.since(lastSeen) : null;
    if (missed === null) write(changes.lastId, 'reset', {});
    else for (const change of missed) tell(change);
    reply.raw.write(': listening\n\n');
    const unfollow = changes.follow(tell);
    open.add(reply);
    reply.raw.on('close', () => {
      unfollow();
      open.delete(reply);
    });
    return reply;
  };
}
