import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { beginExchange } from '../events/exchange.ts';
import type { MonotonicClock } from '../lease/lease-table.ts';
import { Refusal, type RefusalCode, refusalBytes } from '../refusal.ts';
import type { Admission } from '../request/admission.ts';
import type { Refuser } from '../request/refuse.ts';
import type { Clients } from './clients.ts';
import type { ParserError } from './http-front.ts';
import { endHeld, endLingering } from './lingering.ts';

export interface BrokenHandlerOptions {
  readonly clients: Clients;
  readonly admission: Pick<Admission, 'leaseOf'>;
  readonly refuser: Refuser;
  readonly clock: MonotonicClock;
}

/** Connections that just ended. */
const SILENT: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'ERR_STREAM_DESTROYED', 'HPE_INVALID_EOF_STATE']);

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

/** Answers what the parser could not read: in words, with an event, and then the connection ends. */
export function createBrokenHandler({ clients, admission, refuser, clock }: BrokenHandlerOptions) {
  return ({ code }: ParserError, socket: Duplex): void => {
    const nothingCame = code === 'ERR_HTTP_REQUEST_TIMEOUT' && (socket as Socket).bytesRead === 0;
    if (SILENT.has(code) || nothingCame || !socket.writable) {
      socket.destroy();
      return;
    }
    const client = clients.of(socket);
    if (client.broken) return;
    client.broken = true;
    const words = `The bytes of this request are no HTTP that is understood (${code}).`;
    const { reading } = client;
    if (reading && !reading.message.complete) {
      // A part of it may be at its host already. Its own exchange ends, answers and records it.
      reading.fail(new Refusal('bad_framing', words));
      return;
    }
    const exchange = beginExchange(client, clock);
    exchange.lease = admission.leaseOf(client);
    const answer = refuser.conclude(exchange, new Refusal(CODES.get(code) ?? 'bad_request', words));
    // The answers before it come first, and there is no telling when; so this one is left out.
    if (client.underWay > 0) endHeld(socket, answer.holdMs);
    else endLingering(socket, refusalBytes(answer, STATUS_CODES[answer.status] ?? 'Refused'), answer.holdMs);
  };
}
