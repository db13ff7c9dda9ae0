import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Exchange } from '../events/exchange.ts';
import type { Clients } from '../listener/clients.ts';
import type { HttpFront } from '../listener/http-front.ts';
import type { RateLimit } from '../listener/rate-limit.ts';
import { Refusal } from '../refusal.ts';
import type { Authority } from '../request/authority.ts';
import type { LeafCertificates } from '../tls/leaf-certificates.ts';
import { awaitClientHello, ClientGone } from './hello-reader.ts';

/** A CONNECT that was allowed. `established` sends its 200; call it once. A direct connection has no 200. */
export interface Connecting {
  readonly exchange: Exchange;
  readonly socket: Duplex;
  /** The bytes that came directly after the head of CONNECT. */
  readonly head: Buffer;
  readonly authority: Authority;
  readonly established: () => void;
}

/** Decrypts a tunnel and hands its inside to the HTTP server. @throws Refusal, ClientGone */
export type Intercept = (connecting: Connecting) => Promise<void>;

export interface InterceptOptions {
  readonly leaves: LeafCertificates;
  readonly clients: Clients;
  readonly front: () => HttpFront;
  /** Limits how many new certificates one sandbox may cause. */
  readonly mints: RateLimit;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Codes of a client that left during the handshake. That is not a failure of TLS. */
const BROKEN_OFF: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);
/** OpenSSL's codes for a client that does not accept the certificate. */
const REJECTED_CERTIFICATE =
  /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|CERTIFICATE_EXPIRED|UNSUPPORTED_CERT)/;

/** Answers CONNECT, checks the ClientHello, and only then makes or finds the certificate that it shows. */
export function createIntercept({ leaves, clients, front, mints }: InterceptOptions): Intercept {
  return async ({ exchange, socket, head, authority, established }) => {
    const { client } = exchange;
    established();
    await awaitClientHello(socket, head, authority);
    const context = await leaves.contextFor(client.sandbox, authority.host, () => {
      if (mints.take(client.sandbox)) return;
      throw new Refusal('too_many_names', 'This sandbox asks for too many different hosts at once.');
    });
    if (socket.destroyed) throw new ClientGone();
    const inside = await handshake(socket, context, authority.host);
    clients.alias(client, inside);
    // A client of TLS 1.2 whose renegotiation was turned away may wait for ever, and nothing tells of it here. Therefore
    // only a client of TLS 1.3, which knows no renegotiation, has time until its first request.
    if (inside.getProtocol() === 'TLSv1.3') front().serveLater(inside);
    else front().serve(inside);
  };
}

/** Begins TLS as the server. @throws Refusal `client_rejected_cert`, `tls_failed`; ClientGone */
export function handshake(socket: Duplex, secureContext: SecureContext, host: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // TLSSocket takes any Duplex; its types ask for a net.Socket.
    const inside = new TLSSocket(socket as never, {
      isServer: true,
      secureContext,
      ALPNProtocols: ['http/1.1'],
      requestCert: false,
    });
    const fail = (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (BROKEN_OFF.has(error.code ?? '')) {
        reject(new ClientGone());
        return;
      }
      const rejected = REJECTED_CERTIFICATE.test(error.code ?? '');
      reject(
        rejected
          ? new Refusal('client_rejected_cert', `The client does not trust the certificate it was shown for ${host}.`)
          : new Refusal('tls_failed', `The TLS handshake for ${host} failed (${error.code ?? 'timed out'}).`),
      );
    };
    const gone = () => {
      clearTimeout(timer);
      reject(new ClientGone());
    };
    const timer = setTimeout(() => fail(new Error('timed out')), HANDSHAKE_TIMEOUT_MS);
    inside.on('error', () => {});
    inside.once('error', fail);
    // 'end' can come without 'close', because the connection below may stay half open.
    inside.once('end', gone);
    inside.once('close', gone);
    inside.once('secure', () => {
      clearTimeout(timer);
      inside.off('error', fail);
      inside.off('end', gone);
      inside.off('close', gone);
      resolve(inside);
    });
  });
}
