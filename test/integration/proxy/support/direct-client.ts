import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { untilClosed } from './sandbox.ts';
import { S1 } from './world.ts';

interface Asked {
  readonly servername?: string;
  readonly ca?: string;
  readonly alpn?: string[];
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: Buffer;
}

/** What a client does that knows of no proxy: it connects to where every name leads, and speaks to the host. */
export function createDirectClient(folder: () => string) {
  const open = () => net.connect(path.join(folder(), 'run', S1, 'direct.sock')).on('error', () => {});

  async function raw(bytes: string | Buffer, quietMs = 1_000): Promise<string> {
    const socket = open();
    socket.write(bytes);
    const text = await untilClosed(socket, quietMs);
    socket.destroy();
    return text;
  }

  async function secure(host: string, { servername = host, ca, alpn }: Asked = {}): Promise<tls.TLSSocket> {
    const authority = await readFile(path.join(folder(), 'state', 'ca', 'ca.crt'), 'utf8');
    const inside = tls.connect({
      socket: open(),
      ...(servername === '' ? {} : { servername }),
      ca: ca ?? authority,
      ...(alpn ? { ALPNProtocols: alpn } : {}),
      checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(host, certificate),
    });
    await new Promise((resolve, reject) => {
      inside.once('secureConnect', resolve);
      inside.once('error', reject);
      inside.once('close', () => reject(new Error('closed during the TLS handshake')));
    });
    return inside.on('error', () => {});
  }

  async function ask(host: string, asked: Asked = {}): Promise<{ status: number; text: string }> {
    const socket = await secure(host, asked);
    const { method = 'GET', path: target = '/x', headers = {}, body } = asked;
    const request = http.request({
      createConnection: () => socket,
      method,
      path: target,
      headers: { host, ...headers },
    });
    request.end(body);
    const [response] = (await once(request, 'response')) as [http.IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += chunk;
    socket.destroy();
    return { status: response.statusCode ?? 0, text };
  }

  return { open, raw, secure, ask };
}

/** The first bytes of a TLS client, as it sends them. */
export const hello = async (servername: string): Promise<Buffer> => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = tls.connect({
    port: (server.address() as net.AddressInfo).port,
    ...(servername ? { servername } : {}),
  });
  client.on('error', () => {});
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
};
