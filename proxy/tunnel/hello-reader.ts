import type { Duplex } from 'node:stream';
import { Refusal } from '../refusal.ts';
import type { Authority } from '../request/authority.ts';
import { parseAuthority } from '../request/authority.ts';
import { CLIENT_HELLO_LIMIT, readClientHello } from '../tls/client-hello.ts';

const HELLO_TIMEOUT_MS = 10_000;

/** The client went away before its tunnel began. There is nobody to answer. */
export class ClientGone extends Error {}

/**
 * Waits for the ClientHello after CONNECT and checks that it names the same host. The bytes are put back into the
 * stream for the next reader.
 * @throws Refusal `not_tls`, `sni_missing`, `sni_mismatch`, `client_hello_timeout`
 * @throws ClientGone
 */
export async function awaitClientHello(socket: Duplex, head: Buffer, authority: Authority): Promise<void> {
  const problem = serverNameProblem(await readServerName(socket, head), authority);
  if (problem) throw problem;
}

/**
 * Waits for a ClientHello and reads the server name from it; null when there is none. The bytes are put back into the
 * stream for the next reader.
 * @param head bytes that were taken from the stream already
 * @throws Refusal `not_tls`, `client_hello_timeout`
 * @throws ClientGone
 */
export async function readServerName(socket: Duplex, head: Buffer): Promise<string | null> {
  let bytes: Buffer = head;
  let timer: NodeJS.Timeout | undefined;
  let onData: (chunk: Buffer) => void = () => {};
  let onGone: () => void = () => {};
  let name: string | null;
  try {
    name = await new Promise<string | null>((resolve, reject) => {
      const check = () => {
        const hello = readClientHello(bytes);
        if (hello.state === 'complete') {
          resolve(hello.serverName);
        } else if (hello.state === 'invalid' || bytes.length > CLIENT_HELLO_LIMIT) {
          reject(new Refusal('not_tls', 'What came is not the beginning of TLS.'));
        }
      };
      onData = (chunk) => {
        bytes = Buffer.concat([bytes, chunk]);
        check();
      };
      onGone = () => reject(new ClientGone());
      timer = setTimeout(() => {
        const came = bytes.length === 0 ? 'Nothing' : 'Only a part';
        reject(new Refusal('client_hello_timeout', `${came} of the beginning of TLS came in time.`));
      }, HELLO_TIMEOUT_MS);
      socket.on('data', onData);
      // A listener alone does not start a stream again that was paused.
      socket.resume();
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
  return name;
}

function serverNameProblem(serverName: string | null, { host }: Authority): Refusal | null {
  if (serverName === null)
    return new Refusal('sni_missing', `The TLS client names no server; CONNECT was for ${host}.`);
  try {
    if (parseAuthority(serverName, 443).host === host) return null;
  } catch {
    // A name that cannot be parsed is not this host.
  }
  return new Refusal('sni_mismatch', `The TLS server name is not ${host}, which CONNECT was for.`);
}
