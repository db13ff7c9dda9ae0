import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { beginExchange, type Exchange } from '../events/exchange.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import type { Clients } from '../listener/clients.ts';
import { endHeld, endLingering } from '../listener/lingering.ts';
import { Refusal, refusalBytes } from '../refusal.ts';
import type { Admission } from '../request/admission.ts';
import { type Authority, parseAuthority, sameAuthority } from '../request/authority.ts';
import type { Refuser } from '../request/refuse.ts';
import { type RequestHead, readHead } from '../request/request-head.ts';
import { ClientGone } from './hello-reader.ts';
import type { OpenTunnel } from './open-tunnel.ts';

export interface ConnectHandlerOptions {
  readonly admission: Admission;
  readonly clients: Clients;
  readonly open: OpenTunnel;
  readonly refuser: Refuser;
  readonly clock: MonotonicClock;
}

export type HandleConnect = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Answers CONNECT: intercepts the tunnel, carries it blindly, or refuses it with a reason. */
export function createConnectHandler(options: ConnectHandlerOptions): HandleConnect {
  const { admission, clients, open, refuser, clock } = options;

  async function handle(exchange: Exchange, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { client } = exchange;
    const authority = readConnect(exchange, readHead(request));
    const established = () => {
      client.tunnel = authority;
      socket.write(ESTABLISHED);
    };
    await open({ exchange, socket, head, authority, established });
  }

  /** After the 200 no HTTP answer is possible. Then the connection just ends, and the event says why. */
  async function failed(exchange: Exchange, socket: Duplex, wasTunnel: boolean, error: unknown): Promise<void> {
    const established = exchange.client.tunnel !== null && !wasTunnel;
    if (error instanceof ClientGone) {
      socket.destroy();
    } else if (established) {
      endHeld(socket, refuser.conclude(exchange, error, null).holdMs);
    } else {
      const answer = refuser.conclude(exchange, error);
      // Requests before it keep their answers, which come first.
      await clients.answered(exchange.client);
      if (socket.destroyed) return;
      endLingering(socket, refusalBytes(answer, STATUS_CODES[answer.status] ?? 'Refused'), answer.holdMs);
    }
  }

  return (request, socket, head) => {
    const client = clients.of(socket);
    const exchange = beginExchange(client, clock);
    exchange.method = 'CONNECT';
    exchange.scheme = 'https';
    exchange.transport = 'intercept';
    exchange.lease = admission.leaseOf(client);
    socket.on('error', () => {});
    const wasTunnel = client.tunnel !== null;
    // CONNECT inside a tunnel, or behind an unanswered request, would give one connection two readers. A client that knows
    // of no proxy does not send it.
    const handled =
      wasTunnel || client.direct || client.underWay > 0
        ? Promise.reject(new Refusal('bad_request', 'CONNECT is not possible on this connection.'))
        : handle(exchange, request, socket, head);
    const concluded = handled.catch((error: unknown) => failed(exchange, socket, wasTunnel, error));
    if (client.lease) clients.track(client.lease, concluded);
  };
}

/**
 * Reads host and port of CONNECT and writes them into the exchange, so that a refusal is recorded with them. @throws
 * Refusal
 */
function readConnect(exchange: Exchange, { target, host, framing }: RequestHead): Authority {
  // The raw target stands here until it is parsed. User name and password before the host are not recorded.
  exchange.host = target.replace(/^.*@/s, '');
  exchange.path = '';
  const authority = parseAuthority(target);
  exchange.host = authority.host;
  exchange.port = authority.port;
  if (framing.kind !== 'none') throw new Refusal('bad_framing', 'CONNECT has no body.');
  if (host !== null && !agrees(host, authority)) {
    throw new Refusal('host_mismatch', 'The Host header of CONNECT names another host.');
  }
  return authority;
}

/** Whether the Host header of CONNECT names the same place. Clients send it with or without the port. */
function agrees(host: string, authority: Authority): boolean {
  try {
    return sameAuthority(parseAuthority(host, authority.port), authority);
  } catch {
    return false;
  }
}
