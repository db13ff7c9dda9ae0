import type { Duplex } from 'node:stream';
import type { Lease } from '../lease/lease-table.ts';
import type { Client } from './client.ts';

export interface ClientLimits {
  /** Of one sandbox; what comes over it is answered 429. */
  readonly connections: number;
  /** Of one sandbox; what comes over it is closed without an answer. */
  readonly sockets: number;
  /** Of one sandbox, blind ones and intercepted ones. */
  readonly tunnels: number;
  /** Under way at once, of one sandbox. */
  readonly requests: number;
  /** Under way at once on one connection: what a client sends ahead of its answers (RFC 9112 9.3.2). */
  readonly pipelined: number;
  /** How long a body that is being sent may stand still. */
  readonly bodySilenceMs: number;
}

export const CLIENT_LIMITS: ClientLimits = {
  connections: 256,
  sockets: 1_024,
  tunnels: 200,
  requests: 256,
  pipelined: 16,
  bodySilenceMs: 120_000,
};

export interface Clients {
  /** Null when the sandbox has too many already; the socket is gone then. */
  admit(sandbox: string, socket: Duplex): Client | null;
  /** Makes another stream stand for the same connection: the decrypted inside of it. */
  alias(client: Client, socket: Duplex): void;
  of(socket: Duplex): Client;
  /** Whether this connection is one too many. */
  isOver(client: Client): boolean;
  hasTunnelRoom(client: Client): boolean;
  /** Whether the request that came in last on this connection may be under way beside the others. */
  hasRequestRoom(client: Client): boolean;
  /** Keeps an exchange in mind until it settles, so that the end of its lease can wait for it. */
  track(lease: Lease, exchange: Promise<void>): void;
  /** Ends all connections of a lease; resolves when their exchanges have left their events. */
  endOf(lease: Lease): Promise<void>;
  /** Resolves when nothing is under way, or after a time. */
  idle(timeoutMs: number): Promise<void>;
  endAll(): void;
}

const SETTLE_MS = 2_000;

/** Connections of every sandbox, counted for each sandbox on its own: none can use up the room of another. */
export function createClients(limits: ClientLimits): Clients {
  const bySocket = new WeakMap<Duplex, Client>();
  const bySandbox = new Map<string, Set<Client>>();
  const underWay = new Map<Lease, Set<Promise<void>>>();

  async function settled(promises: Iterable<Promise<void>>, timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([Promise.allSettled(promises), timeout]);
    clearTimeout(timer);
  }

  return {
    admit(sandbox, socket) {
      const clients = bySandbox.get(sandbox) ?? new Set();
      if (clients.size >= limits.sockets) {
        socket.destroy();
        return null;
      }
      const client: Client = { sandbox, socket, lease: null, tunnel: null, underWay: 0, reading: null, broken: false };
      bySandbox.set(sandbox, clients.add(client));
      bySocket.set(socket, client);
      // Whoever else listens for it: a broken connection must never be an uncaught error.
      socket.on('error', () => {});
      socket.once('close', () => {
        clients.delete(client);
        if (clients.size === 0 && bySandbox.get(sandbox) === clients) bySandbox.delete(sandbox);
      });
      return client;
    },
    alias: (client, socket) => void bySocket.set(socket, client),
    of(socket) {
      const client = bySocket.get(socket);
      if (!client) throw new Error('a request came in on a connection that nobody admitted');
      return client;
    },
    isOver: ({ sandbox }) => (bySandbox.get(sandbox)?.size ?? 0) > limits.connections,
    hasTunnelRoom({ sandbox }) {
      const tunnels = [...(bySandbox.get(sandbox) ?? [])].filter((client) => client.tunnel !== null);
      return tunnels.length < limits.tunnels;
    },
    hasRequestRoom({ sandbox, underWay }) {
      if (underWay > limits.pipelined) return false;
      const all = [...(bySandbox.get(sandbox) ?? [])].reduce((sum, client) => sum + client.underWay, 0);
      return all <= limits.requests;
    },
    track(lease, exchange) {
      const set = underWay.get(lease) ?? new Set();
      underWay.set(lease, set.add(exchange));
      const forget = () => {
        set.delete(exchange);
        if (set.size === 0 && underWay.get(lease) === set) underWay.delete(lease);
      };
      exchange.then(forget, forget);
    },
    async endOf(lease) {
      for (const client of bySandbox.get(lease.request.sandbox) ?? []) {
        if (client.lease === lease) client.socket.destroy();
      }
      await settled(underWay.get(lease) ?? [], SETTLE_MS);
    },
    idle: (timeoutMs) =>
      settled(
        [...underWay.values()].flatMap((set) => [...set]),
        timeoutMs,
      ),
    endAll() {
      for (const clients of bySandbox.values()) for (const client of clients) client.socket.destroy();
    },
  };
}
