import type { Duplex } from 'node:stream';
import { Refusal } from '../refusal.ts';
import type { Authority } from '../request/authority.ts';
import { parseAuthority } from '../request/authority.ts';
import { CLIENT_HELLO_LIMIT, readClientHello } from '../tls/client-hello.ts';

const HELLO_TIMEOUT_MS = 10_000;

/** What a client that went away is to its tunnel: nothing to record, nothing to answer. */
export class ClientGone extends Error {}

/**
 * Waits for the ClientHello after CONNECT and checks that it is for the same host. The bytes stay in the stream for
 * whoever reads next.
 * @throws Refusal `not_tls`, `sni_missing`, `sni_mismatch`, `client_hello_timeout`
 * @throws ClientGone
 */
export async function awaitClientHello(socket: Duplex, head: Buffer, authority: Authority): Promise<void> {
  let bytes: Buffer = head;
  let timer: NodeJS.Timeout | undefined;
  let onData: (chunk: Buffer) => void = () => {};
  let onGone: () => void = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        const hello = readClientHello(bytes);
        if (hello.state === 'complete') {
          const problem = serverNameProblem(hello.serverName, authority);
          if (problem) reject(problem);
          else resolve();
        } else if (hello.state === 'invalid' || bytes.length > CLIENT_HELLO_LIMIT) {
          reject(new Refusal('not_tls', 'What came after CONNECT is not the beginning of TLS.'));
        }
      };
      onData = (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        check();
      };
      onGone = () => reject(new ClientGone());
      timer = setTimeout(() => {
        const said = bytes.length === 0 ? 'Nothing' : 'Only a part of a TLS greeting';
        reject(new Refusal('client_hello_timeout', `${said} came after CONNECT.`));
      }, HELLO_TIMEOUT_MS);
      socket.on('data', onData);
      socket.once('end', onGone);
      socket.once('close', onGone);
      if (socket.destroyed) onGone();
      check();
    });
  } finally {
    clearTimeout(timer);
    socket.pause();
    socket.off('data', onData);
    socket.off('end', onGone);
    socket.off('close', onGone);
  }
  socket.unshift(bytes);
}

function serverNameProblem(serverName: string | null, { host }: Authority): Refusal | null {
  if (serverName === null)
    return new Refusal('sni_missing', `The TLS client names no server; CONNECT was for ${host}.`);
  try {
    if (parseAuthority(serverName, 443).host === host) return null;
  } catch {
    // What is no host is certainly not this one.
  }
  return new Refusal('sni_mismatch', `The TLS server name is not ${host}, which CONNECT was for.`);
}
