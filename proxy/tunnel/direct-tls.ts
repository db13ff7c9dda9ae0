import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { beginExchange, type Exchange } from '../events/exchange.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import type { Client } from '../listener/client.ts';
import type { Clients } from '../listener/clients.ts';
import { endHeld, endLingering } from '../listener/lingering.ts';
import { Refusal, refusalBytes } from '../refusal.ts';
import type { Admission } from '../request/admission.ts';
import { type Authority, defaultPortOf, parseAuthority } from '../request/authority.ts';
import type { Refuser } from '../request/refuse.ts';
import { ClientGone, readServerName } from './hello-reader.ts';
import type { OpenTunnel } from './open-tunnel.ts';
import { type TellRefusal, unrecognizedName } from './tell-refusal.ts';

export interface DirectTlsOptions {
  readonly admission: Admission;
  readonly clients: Clients;
  readonly open: OpenTunnel;
  readonly refuser: Refuser;
  readonly tell: TellRefusal;
  readonly clock: MonotonicClock;
}

export type HandleDirectTls = (client: Client, socket: Duplex) => void;

const NOTHING = Buffer.alloc(0);

/**
 * Carries TLS of a client that knows of no proxy. Its server name stands for CONNECT to that name on port 443: the same
 * judgement follows, and it is recorded as a CONNECT.
 */
export function createDirectTlsHandler(options: DirectTlsOptions): HandleDirectTls {
  const { admission, clients, open, refuser, tell, clock } = options;

  function carry(exchange: Exchange, socket: Duplex, authority: Authority): Promise<void> {
    const established = () => {
      exchange.client.tunnel = authority;
    };
    return open({ exchange, socket, head: NOTHING, authority, established });
  }

  /** Once the tunnel has begun, nothing can be told any more: the connection just ends, and the event says why. */
  async function failed(exchange: Exchange, socket: Duplex, { host }: Authority, error: unknown): Promise<void> {
    const { sandbox, tunnel } = exchange.client;
    if (error instanceof ClientGone) {
      socket.destroy();
    } else if (tunnel !== null) {
      endHeld(socket, refuser.conclude(exchange, error, null).holdMs);
    } else {
      const answer = refuser.conclude(exchange, error);
      const bytes = refusalBytes(answer, STATUS_CODES[answer.status] ?? 'Refused');
      await tell({ sandbox, socket, host, bytes, holdMs: answer.holdMs });
    }
  }

  async function handle(exchange: Exchange, socket: Duplex): Promise<void> {
    const { client } = exchange;
    let authority: Authority;
    try {
      authority = await readAuthority(exchange, socket);
    } catch (error) {
      exchange.lease = admission.leaseOf(client);
      if (error instanceof ClientGone) socket.destroy();
      else endLingering(socket, unrecognizedName(), refuser.conclude(exchange, error, null).holdMs);
      return;
    }
    exchange.lease = admission.leaseOf(client);
    const concluded = carry(exchange, socket, authority).catch((error: unknown) =>
      failed(exchange, socket, authority, error),
    );
    if (client.lease) clients.track(client.lease, concluded);
    await concluded;
  }

  return (client, socket) => {
    const exchange = beginExchange(client, clock);
    exchange.method = 'CONNECT';
    exchange.scheme = 'https';
    exchange.transport = 'intercept';
    exchange.path = '';
    exchange.port = defaultPortOf('https');
    void handle(exchange, socket);
  };
}

/** Reads the server name, and writes it into the exchange, so that a refusal is recorded with it. @throws Refusal, ClientGone */
async function readAuthority(exchange: Exchange, socket: Duplex): Promise<Authority> {
  const name = await readServerName(socket, NOTHING);
  if (name === null) {
    throw new Refusal('sni_missing', 'The TLS client names no server, so nobody can tell where it wants to go.');
  }
  exchange.host = name;
  const authority = parseAuthority(name, defaultPortOf('https'));
  // A server name has no port (RFC 6066 3).
  if (name.includes(':')) throw new Refusal('bad_authority', 'The TLS server name has a port.');
  exchange.host = authority.host;
  return authority;
}
