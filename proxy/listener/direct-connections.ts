import type { Socket } from 'node:net';
import type { HandleDirectTls } from '../tunnel/direct-tls.ts';
import type { Clients } from './clients.ts';
import type { HttpFront } from './http-front.ts';

export interface DirectConnectionsOptions {
  readonly clients: Pick<Clients, 'admit'>;
  readonly front: Pick<HttpFront, 'serve'>;
  readonly onTls: HandleDirectTls;
}

/** A connection without a byte is closed after this time, as one without a request is on the proxy's other socket. */
const SILENCE_MS = 15_000;
/** The first byte of a TLS connection (RFC 8446 5.1). No request of HTTP begins with it. */
const HANDSHAKE_RECORD = 22;

/**
 * Takes the connections of clients that know of no proxy (`direct.sock`). Their first byte tells TLS from plain HTTP. In both
 * cases the host is read from the connection, and it is judged like one that came by CONNECT or with a whole URL.
 *
 * Which of its two sockets a sandbox uses gives it nothing: client, lease, decision, limits and records are the same.
 */
export function createDirectConnections({ clients, front, onTls }: DirectConnectionsOptions) {
  return (sandbox: string, socket: Socket): void => {
    const client = clients.admit(sandbox, socket, { direct: true });
    if (!client) return;
    const leave = () => socket.destroy();
    socket.setTimeout(SILENCE_MS, leave);
    socket.once('end', leave);
    socket.once('data', (first: Buffer) => {
      socket.setTimeout(0, leave);
      socket.off('end', leave);
      socket.pause();
      socket.unshift(first);
      if (first[0] === HANDSHAKE_RECORD) {
        onTls(client, socket);
      } else {
        front.serve(socket);
        socket.resume();
      }
    });
  };
}
