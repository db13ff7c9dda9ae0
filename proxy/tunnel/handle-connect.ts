import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { beginExchange, type Exchange } from '../events/exchange.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import type { Clients } from '../listener/clients.ts';
import { endHeld, endLingering } from '../listener/lingering.ts';
import type { PolicyFeed } from '../policy/policy-feed.ts';
import { Refusal, refusalBytes } from '../refusal.ts';
import type { Admission } from '../request/admission.ts';
import { type Authority, parseAuthority, sameAuthority } from '../request/authority.ts';
import type { Refuser } from '../request/refuse.ts';
import { type RequestHead, readHead } from '../request/request-head.ts';
import type { BlindTunnels } from './blind-tunnels.ts';
import { ClientGone } from './hello-reader.ts';
import type { Intercept } from './intercept.ts';
import { judgeConnect } from './judge-connect.ts';

export interface ConnectHandlerOptions {
  readonly admission: Admission;
  readonly clients: Clients;
  readonly policy: Pick<PolicyFeed, 'accessOf'>;
  readonly intercept: Intercept;
  readonly blind: BlindTunnels;
  readonly refuser: Refuser;
  readonly clock: MonotonicClock;
}

export type HandleConnect = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';

/** Answers CONNECT: intercepted, carried blindly, or refused with the reason as its answer. */
export function createConnectHandler(options: ConnectHandlerOptions): HandleConnect {
  const { admission, clients, policy, intercept, blind, refuser, clock } = options;

  async function handle(exchange: Exchange, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { client } = exchange;
    const authority = readConnect(exchange, readHead(request));
    const lease = admission.admit(client);
    if (!clients.hasTunnelRoom(client))
      throw new Refusal('too_many_tunnels', 'This sandbox has too many open tunnels.');
    const { scope } = lease.request;
    const verdict = judgeConnect(authority, policy.accessOf(scope));
    if (verdict.way === 'blocked') {
      throw new Refusal(verdict.decision.code, verdict.decision.reason, { rule: verdict.decision.rule });
    }
    const established = () => {
      client.tunnel = authority;
      socket.write(ESTABLISHED);
    };
    if (verdict.way === 'intercept') await intercept({ exchange, socket, head, authority, established });
    else await blind.carry({ exchange, socket, head, authority, established, scope, ...verdict });
  }

  /** After the 200 nothing can be said any more in HTTP: the connection just ends, and the event says why. */
  function failed(exchange: Exchange, socket: Duplex, wasTunnel: boolean, error: unknown): void {
    const established = exchange.client.tunnel !== null && !wasTunnel;
    if (error instanceof ClientGone) {
      socket.destroy();
    } else if (established) {
      endHeld(socket, refuser.conclude(exchange, error, null).holdMs);
    } else {
      const answer = refuser.conclude(exchange, error);
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
    // Inside a tunnel, or while an answer is still being written, there would be two readers of one connection.
    const handled =
      wasTunnel || client.underWay > 0
        ? Promise.reject(new Refusal('bad_request', 'CONNECT is not possible on this connection.'))
        : handle(exchange, request, socket, head);
    const concluded = handled.catch((error: unknown) => failed(exchange, socket, wasTunnel, error));
    if (client.lease) clients.track(client.lease, concluded);
  };
}

/** Notes on the exchange what is known, as soon as it is. @throws Refusal */
function readConnect(exchange: Exchange, { target, host, framing }: RequestHead): Authority {
  // Until it is read; a name and password before the host are nobody's to record.
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

/** Clients send it with the port or without. */
function agrees(host: string, authority: Authority): boolean {
  try {
    return sameAuthority(parseAuthority(host, authority.port), authority);
  } catch {
    return false;
  }
}
