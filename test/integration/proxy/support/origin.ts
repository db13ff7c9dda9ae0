import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import type { TestAuthority } from './test-authority.ts';

/** A host of the outside world: real TLS, real HTTP, and every byte it was sent. */
export interface Origin extends AsyncDisposable {
  readonly port: number;
  /** Decrypted bytes by the TLS server name they came in under; `plain` for those without TLS. */
  received(name?: string): string;
  readonly connections: number;
  /** How many connections came with a certificate of the client's. */
  readonly clientCertificates: number;
  forget(): void;
}

export interface OriginOptions {
  readonly authority: TestAuthority;
  readonly hosts: readonly string[];
  readonly onRequest?: http.RequestListener;
  /** The certificate it shows for a host; a good one of the authority by default. */
  readonly issue?: TestAuthority['issue'];
}

export async function startOrigin({
  authority,
  hosts,
  onRequest = answerOk,
  issue = authority.issue,
}: OriginOptions): Promise<Origin> {
  const contexts = new Map<string, tls.SecureContext>();
  for (const host of hosts) contexts.set(host, tls.createSecureContext(await issue(host)));
  const log: { name: string; bytes: Buffer }[] = [];
  const sockets = new Set<net.Socket>();
  let connections = 0;
  let certificates = 0;

  const web = http.createServer(onRequest);
  web.keepAliveTimeout = 60_000;
  const record = (name: string, socket: net.Socket) => {
    web.emit('connection', socket);
    // Only now: a listener makes Node's parser read where others can see it too.
    socket.on('data', (bytes: Buffer) => log.push({ name, bytes: Buffer.from(bytes) }));
  };
  const secure = tls.createServer(
    {
      // Asked for, so that a certificate which somebody sends is seen.
      requestCert: true,
      rejectUnauthorized: false,
      SNICallback: (name, done) => {
        const context = contexts.get(name) ?? [...contexts].find(([host]) => matches(host, name))?.[1];
        done(null, context);
      },
    },
    (socket) => {
      if (Object.keys(socket.getPeerCertificate()).length > 0) certificates += 1;
      record(String(socket.servername), socket);
    },
  );
  secure.on('tlsClientError', () => {});
  const listener = net.createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    socket.once('data', (first) => {
      socket.pause();
      socket.unshift(first);
      if (first[0] === 22) secure.emit('connection', socket);
      else {
        record('plain', socket);
        socket.resume();
      }
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as net.AddressInfo;
  return {
    port,
    received: (name) =>
      Buffer.concat(log.filter((each) => name === undefined || each.name === name).map(({ bytes }) => bytes)).toString(
        'latin1',
      ),
    get connections() {
      return connections;
    },
    get clientCertificates() {
      return certificates;
    },
    forget: () => void log.splice(0),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => listener.close(() => resolve()));
    },
  };
}

function matches(pattern: string, name: string): boolean {
  return pattern.startsWith('*.') && name.endsWith(pattern.slice(1));
}

/** Answers with what it understood, but never with a credential. */
const answerOk: http.RequestListener = (request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ method: request.method, url: request.url, host: request.headers.host }));
  });
};
