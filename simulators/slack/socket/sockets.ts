import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Changes } from '../changes.ts';
import type { Timers } from '../timers.ts';
import { secretId } from '../world/ids.ts';
import { APP } from '../world/workspace.ts';

/** Slack's own limit (docs.slack.dev/apis/events-api/using-socket-mode). */
export const MOST_SOCKETS = 10;
const TICKET_LIFE_MS = 30_000;
const PING_EVERY_MS = 10_000;
/** A socket that leaves this many pings unanswered is cut, so that a frozen client gets no more events on it. */
const MOST_UNANSWERED = 2;
const GOODBYE_MS = 500;

export interface Sockets {
  /** A one-time ticket for a WebSocket, or null when the app has as many sockets as Slack allows. */
  issueTicket(): string | null;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Sends to one of the open sockets, in turn. @returns false when none is open */
  send(envelope: Readonly<Record<string, unknown>>): boolean;
  onMessage(listener: (message: unknown) => void): void;
  onConnect(listener: () => void): void;
  /** Closes the sockets as Slack does from time to time: it says so first. `abrupt` cuts them without a word. */
  disconnect(manner: 'warning' | 'refresh_requested' | 'abrupt'): void;
  readonly open: number;
  close(): Promise<void>;
}

/** Socket Mode connections (docs.slack.dev/apis/events-api/using-socket-mode). Each ticket opens one WebSocket once. */
export function createSockets(changes: Changes, timers: Timers): Sockets {
  const server = new WebSocketServer({ noServer: true });
  const tickets = new Set<string>();
  /** The open sockets, each with how many pings it has left unanswered. */
  const open = new Map<WebSocket, number>();
  const messageListeners: ((message: unknown) => void)[] = [];
  const connectListeners: (() => void)[] = [];
  let turn = 0;

  const announce = () => changes.add('app', { connected: open.size > 0, sockets: open.size });
  const tell = (socket: WebSocket, message: unknown) => socket.send(JSON.stringify(message));
  const debugInfo = { host: 'simulator', build_number: 1, approximate_connection_time: 18_060 };

  function welcome(socket: WebSocket): void {
    open.set(socket, 0);
    socket.on('pong', () => open.has(socket) && open.set(socket, 0));
    socket.on('close', () => {
      open.delete(socket);
      announce();
    });
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => {
      const message = parse(String(data));
      for (const listener of messageListeners) listener(message);
    });
    const connectionInfo = { app_id: APP.id };
    tell(socket, {
      type: 'hello',
      num_connections: open.size,
      debug_info: debugInfo,
      connection_info: connectionInfo,
    });
    announce();
    for (const listener of connectListeners) listener();
  }

  timers.every(PING_EVERY_MS, () => {
    for (const [socket, unanswered] of open) {
      if (unanswered >= MOST_UNANSWERED) {
        socket.terminate();
        continue;
      }
      open.set(socket, unanswered + 1);
      socket.ping('Ping from simulator');
    }
  });

  return {
    issueTicket() {
      if (open.size >= MOST_SOCKETS) return null;
      const ticket = secretId();
      tickets.add(ticket);
      timers.after(TICKET_LIFE_MS, () => tickets.delete(ticket));
      return ticket;
    },
    upgrade(request, socket, head) {
      const url = new URL(request.url ?? '/', 'http://simulator');
      if (url.pathname !== '/link/' || !tickets.delete(url.searchParams.get('ticket') ?? '')) {
        socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
        return;
      }
      server.handleUpgrade(request, socket, head, welcome);
    },
    send(envelope) {
      const ready = [...open.keys()].filter((socket) => socket.readyState === socket.OPEN);
      turn += 1;
      const chosen = ready[turn % ready.length];
      if (chosen === undefined) return false;
      tell(chosen, envelope);
      return true;
    },
    onMessage: (listener) => void messageListeners.push(listener),
    onConnect: (listener) => void connectListeners.push(listener),
    disconnect(manner) {
      for (const socket of open.keys()) {
        if (manner === 'abrupt') {
          socket.terminate();
          continue;
        }
        tell(socket, { type: 'disconnect', reason: manner, debug_info: debugInfo });
        if (manner === 'refresh_requested') socket.close(1000);
      }
    },
    get open() {
      return open.size;
    },
    async close() {
      // A client that is cut off in the middle of its own goodbye waits half a minute for the answer.
      const goodbyes = [...open.keys()].map((socket) => new Promise((resolve) => socket.once('close', resolve)));
      for (const socket of open.keys()) socket.close(1001);
      await Promise.race([Promise.all(goodbyes), sleep(GOODBYE_MS, undefined, { ref: false })]);
      for (const socket of open.keys()) socket.terminate();
      server.close();
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
