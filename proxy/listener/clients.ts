import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { within } from '../../contracts/within.ts';
import type { Lease, MonotonicClock } from '../lease/lease-table.ts';
import type { Client } from './client.ts';

/** All limits of numbers are per sandbox, except `pipelined`. */
export interface ClientLimits {
  /** Open connections. Requests on further ones are answered 429. */
  readonly connections: number;
  /** Open sockets. Further ones are closed without an answer. */
  readonly sockets: number;
  /** Open tunnels, blind and intercepted. */
  readonly tunnels: number;
  /** Unanswered requests. */
  readonly requests: number;
  /** Unanswered requests on one connection (RFC 9112 9.3.2, pipelining). */
  readonly pipelined: number;
  /** How long the client may pause while it sends the body of one request. */
  readonly bodySilenceMs: number;
  /** How long a connection without a request stays open, a tunnel too. Clients keep theirs about as long. */
  readonly idleMs: number;
  /** From then on an idle connection is closed when its sandbox needs the room for a new one. */
  readonly givesWayAfterMs: number;
}

export const CLIENT_LIMITS: ClientLimits = {
  connections: 256,
  sockets: 1_024,
  tunnels: 200,
  requests: 256,
  pipelined: 16,
  bodySilenceMs: 120_000,
  idleMs: 5 * 60_000,
  givesWayAfterMs: 60_000,
};

export interface Clients {
  /** Null when the sandbox has too many sockets already. Then the socket has been destroyed. */
  admit(sandbox: string, socket: Duplex, options?: { readonly direct: boolean }): Client | null;
  /** Makes a second stream belong to the same client: the decrypted inside of its tunnel. */
  alias(client: Client, socket: Duplex): void;
  /** @throws Error for a socket that was never admitted, which is a bug of ours */
  of(socket: Duplex): Client;
  /** Counts a request until its answer is over. */
  begin(client: Client, response: ServerResponse): void;
  /** Resolves when every request of the connection has its whole answer, or when the connection is closed. */
  answered(client: Client): Promise<void>;
  /** Whether the client's sandbox has more connections than its limit. Idle ones are closed to stay below it. */
  isOver(client: Client): boolean;
  /** Whether the client's sandbox may have one more tunnel. An idle one is closed to make room. */
  hasTunnelRoom(client: Client): boolean;
  /** Whether the request that came in last on this connection is within the limits. It is counted already. */
  hasRequestRoom(client: Client): boolean;
  /** Remembers an exchange until it settles, so that the end of its lease can wait for it. */
  track(lease: Lease, exchange: Promise<void>): void;
  /** Ends all connections of a lease. Resolves when their events are recorded, or after two seconds. */
  endOf(lease: Lease): Promise<void>;
  /** Resolves when no exchange is open, or after `timeoutMs`. */
  idle(timeoutMs: number): Promise<void>;
  /** Ends every connection of every sandbox. */
  endAll(): void;
}

const SETTLE_MS = 2_000;

/** Counts connections for each sandbox separately, so that no sandbox can use up the room of another. */
export function createClients(limits: ClientLimits, clock: MonotonicClock): Clients {
  const waiting = new Map<Client, (() => void)[]>();
  const bySocket = new WeakMap<Duplex, Client>();
  const bySandbox = new Map<string, Set<Client>>();
  const underWay = new Map<Lease, Set<Promise<void>>>();

  async function settled(promises: Iterable<Promise<void>>, timeoutMs: number): Promise<void> {
    await within(timeoutMs, Promise.allSettled(promises));
  }

  function release(client: Client): void {
    for (const resume of waiting.get(client) ?? []) resume();
    waiting.delete(client);
  }

  /** Closes the connection that has been idle for the longest time, among those that are idle for long. */
  function makeRoom(sandbox: string, isWanted: (client: Client) => boolean): boolean {
    const before = clock.now() - limits.givesWayAfterMs;
    const [longest] = [...(bySandbox.get(sandbox) ?? [])]
      .filter((client) => client.idleSince !== null && client.idleSince <= before && isWanted(client))
      .sort((one, other) => (one.idleSince ?? 0) - (other.idleSince ?? 0));
    if (!longest) return false;
    bySandbox.get(sandbox)?.delete(longest);
    longest.socket.destroy();
    return true;
  }

  return {
    admit(sandbox, socket, { direct } = { direct: false }) {
      const clients = bySandbox.get(sandbox) ?? new Set();
      if (clients.size >= limits.sockets) {
        socket.destroy();
        return null;
      }
      const client: Client = {
        ...{ sandbox, socket, direct, lease: null, tunnel: null, server: null },
        ...{ underWay: 0, idleSince: null, reading: null, broken: false },
      };
      bySandbox.set(sandbox, clients.add(client));
      bySocket.set(socket, client);
      // An 'error' event without a listener would end the process.
      socket.on('error', () => {});
      socket.once('close', () => {
        clients.delete(client);
        if (clients.size === 0 && bySandbox.get(sandbox) === clients) bySandbox.delete(sandbox);
        release(client);
      });
      return client;
    },
    alias(client, socket) {
      bySocket.set(socket, client);
      // A tunnel is idle from its beginning until its first request.
      client.idleSince = clock.now();
    },
    of(socket) {
      const client = bySocket.get(socket);
      if (!client) throw new Error('a request came in on a connection that nobody admitted');
      return client;
    },
    begin(client, response) {
      client.underWay += 1;
      client.idleSince = null;
      response.once('close', () => {
        client.underWay -= 1;
        if (client.underWay > 0) return;
        client.idleSince = clock.now();
        release(client);
      });
    },
    answered(client) {
      if (client.underWay === 0 || client.socket.destroyed) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.set(client, [...(waiting.get(client) ?? []), resolve]);
      });
    },
    isOver({ sandbox }) {
      const isFull = () => (bySandbox.get(sandbox)?.size ?? 0) > limits.connections;
      while (isFull() && makeRoom(sandbox, () => true)) {
        // One more is closed.
      }
      return isFull();
    },
    hasTunnelRoom({ sandbox }) {
      const isTunnel = (client: Client) => client.tunnel !== null;
      const tunnels = [...(bySandbox.get(sandbox) ?? [])].filter(isTunnel);
      return tunnels.length < limits.tunnels || makeRoom(sandbox, isTunnel);
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
