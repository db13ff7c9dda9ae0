import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { beginExchange } from '../events/exchange.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import { Refusal, type RefusalCode, refusalBytes } from '../refusal.ts';
import type { Admission } from '../request/admission.ts';
import type { Refuser } from '../request/refuse.ts';
import type { Client } from './client.ts';
import type { Clients } from './clients.ts';
import type { ParserError } from './http-front.ts';
import { endLingering } from './lingering.ts';

export interface BrokenHandlerOptions {
  readonly clients: Clients;
  readonly admission: Pick<Admission, 'leaseOf'>;
  readonly refuser: Refuser;
  readonly clock: MonotonicClock;
}

/** Codes of connections that are gone. They get no answer. */
const GONE: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_DESTROYED']);
/** The client ended its side in the middle of a request. */
const CUT_SHORT = 'HPE_INVALID_EOF_STATE';

const CODES: ReadonlyMap<string, RefusalCode> = new Map([
  ['ERR_HTTP_REQUEST_TIMEOUT', 'header_timeout'],
  ['HPE_HEADER_OVERFLOW', 'headers_too_large'],
  ['HPE_CHUNK_EXTENSIONS_OVERFLOW', 'bad_framing'],
  ['HPE_INVALID_CHUNK_SIZE', 'bad_framing'],
  ['HPE_INVALID_CONTENT_LENGTH', 'bad_framing'],
  ['HPE_INVALID_TRANSFER_ENCODING', 'bad_framing'],
  ['HPE_STRICT', 'bad_framing'],
  ['HPE_UNEXPECTED_CONTENT_LENGTH', 'bad_framing'],
]);

/**
 * Answers bytes that the parser could not read: records an event, says why, and ends the connection. Requests before
 * them keep their answers, which come first (RFC 9112 9.3.2).
 */
export function createBrokenHandler({ clients, admission, refuser, clock }: BrokenHandlerOptions) {
  async function answer(client: Client, socket: Duplex, refusal: Refusal): Promise<void> {
    const exchange = beginExchange(client, clock);
    exchange.lease = admission.leaseOf(client);
    const answer = refuser.conclude(exchange, refusal);
    await clients.answered(client);
    if (socket.destroyed) return;
    endLingering(socket, refusalBytes(answer, STATUS_CODES[answer.status] ?? 'Refused'), answer.holdMs);
  }

  /** Half a request gets no answer and no event, because it never was one. Those before it keep their answers. */
  async function endAfterAnswers(client: Client, socket: Duplex): Promise<void> {
    await clients.answered(client);
    if (!socket.destroyed) endLingering(socket, Buffer.alloc(0), 0);
  }

  return ({ code }: ParserError, socket: Duplex): void => {
    const nothingCame = code === 'ERR_HTTP_REQUEST_TIMEOUT' && (socket as Socket).bytesRead === 0;
    if (GONE.has(code) || nothingCame || !socket.writable) {
      socket.destroy();
      return;
    }
    const client = clients.of(socket);
    if (client.broken) return;
    client.broken = true;
    const { reading } = client;
    const inBody = reading !== null && !reading.message.complete;
    if (code === CUT_SHORT && (!inBody || client.underWay === 1)) {
      if (inBody) socket.destroy();
      else void endAfterAnswers(client, socket);
      return;
    }
    const words = `The bytes of this request are no HTTP that is understood (${code}).`;
    if (inBody) {
      // A part of this request may be at its host already. Therefore its own exchange ends, answers and records it.
      reading.fail(new Refusal('bad_framing', words));
      return;
    }
    void answer(client, socket, new Refusal(CODES.get(code) ?? 'bad_request', words));
  };
}
