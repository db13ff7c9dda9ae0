import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';

/** What a hostile process in a sandbox can do: open its socket and write what it likes. */
export interface Sandbox {
  /** Writes bytes and returns everything that came back until the proxy closed or was silent for `quietMs`. */
  raw(bytes: string | Buffer, options?: RawOptions): Promise<string>;
  /** The same inside an intercepted tunnel. */
  rawInside(authority: string, bytes: string | Buffer, options?: RawOptions & TunnelOptions): Promise<string>;
  connect(authority: string, options?: TunnelOptions): Promise<net.Socket>;
  tunnel(authority: string, options?: TunnelOptions): Promise<tls.TLSSocket>;
  request(url: string, options?: RequestOptions): Promise<Answer>;
  /** Every byte it ever received, after TLS was taken off. */
  received(): Buffer;
  open(): net.Socket;
}

export interface RawOptions {
  readonly quietMs?: number;
}

export interface TunnelOptions {
  /** TLS server name, when it is not the host; empty for none. */
  readonly servername?: string;
  readonly alpn?: string[];
  readonly maxVersion?: tls.SecureVersion;
  /** Trust nothing but this; the proxy's own by default. */
  readonly ca?: string;
  /** A certificate of the client's own. */
  readonly identity?: { readonly key: string; readonly cert: string };
}

export interface RequestOptions extends TunnelOptions {
  readonly method?: string;
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string | Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The `error` of a refusal. */
  readonly error: Record<string, unknown> | null;
}

export class ConnectRefused extends Error {
  readonly answer: Answer;
  constructor(answer: Answer) {
    super(`CONNECT was answered ${answer.status}`);
    this.answer = answer;
  }
}

export function createSandbox(socketPath: string, authorityPem: () => string): Sandbox {
  const chunks: Buffer[] = [];
  const noted = <T extends net.Socket>(socket: T): T => {
    socket.on('data', (chunk: Buffer) => chunks.push(Buffer.from(chunk)));
    socket.on('error', () => {});
    return socket;
  };
  const open = () => noted(net.connect(socketPath));

  async function connect(authority: string): Promise<net.Socket> {
    const socket = open();
    socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    const head = await headOf(socket);
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head.head)?.[1]);
    if (status === 200) return socket;
    const text = head.rest + (await untilClosed(socket, 1_000));
    throw new ConnectRefused(answerOf(status, {}, text));
  }

  async function tunnel(authority: string, options: TunnelOptions = {}): Promise<tls.TLSSocket> {
    const socket = await connect(authority);
    const name = options.servername ?? authority.replace(/:\d+$/, '');
    return new Promise((resolve, reject) => {
      const inside = tls.connect({
        socket,
        ...(name === '' ? {} : { servername: name }),
        ca: options.ca ?? authorityPem(),
        ...options.identity,
        ...(options.alpn ? { ALPNProtocols: options.alpn } : {}),
        ...(options.maxVersion ? { maxVersion: options.maxVersion, minVersion: 'TLSv1' as const } : {}),
        checkServerIdentity: (_host, certificate) =>
          tls.checkServerIdentity(authority.replace(/\.?:\d+$/, '').toLowerCase(), certificate),
      });
      noted(inside);
      inside.once('secureConnect', () => resolve(inside));
      inside.once('error', reject);
      inside.once('close', () => reject(new Error('closed during the TLS handshake')));
    });
  }

  async function request(url: string, options: RequestOptions = {}): Promise<Answer> {
    const target = new URL(url);
    const isTls = target.protocol === 'https:';
    const authority = `${target.hostname}:${target.port || (isTls ? 443 : 80)}`;
    let socket: net.Socket;
    try {
      socket = isTls ? await tunnel(authority, options) : open();
    } catch (error) {
      if (error instanceof ConnectRefused) return error.answer;
      throw error;
    }
    try {
      return await new Promise<Answer>((resolve, reject) => {
        const sent = http.request({
          createConnection: () => socket,
          method: options.method ?? 'GET',
          path: isTls ? target.pathname + target.search : url,
          headers: { host: target.host, ...options.headers },
        });
        sent.on('error', reject);
        sent.on('response', (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('error', reject);
          response.on('end', () => resolve(answerOf(response.statusCode ?? 0, response.headers, text)));
        });
        sent.end(options.body);
      });
    } finally {
      socket.destroy();
    }
  }

  return {
    open,
    connect,
    tunnel,
    request,
    async raw(bytes, { quietMs = 500 } = {}) {
      const socket = open();
      socket.write(bytes);
      const text = await untilClosed(socket, quietMs);
      socket.destroy();
      return text;
    },
    async rawInside(authority, bytes, { quietMs = 500, ...options } = {}) {
      const socket = await tunnel(authority, options);
      socket.write(bytes);
      const text = await untilClosed(socket, quietMs);
      socket.destroy();
      return text;
    },
    received: () => Buffer.concat(chunks),
  };
}

function answerOf(status: number, headers: http.IncomingHttpHeaders, text: string): Answer {
  let error: Answer['error'] = null;
  try {
    error = (JSON.parse(text) as { error?: Record<string, unknown> }).error ?? null;
  } catch {
    // Not ours.
  }
  return { status, headers, text, error };
}

function headOf(socket: net.Socket): Promise<{ head: string; rest: string }> {
  return new Promise((resolve, reject) => {
    let text = '';
    const onData = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.off('data', onData);
      resolve({ head: text.slice(0, end), rest: text.slice(end + 4) });
    };
    socket.on('data', onData);
    socket.once('close', () => reject(new Error(`closed before an answer: ${JSON.stringify(text)}`)));
  });
}

/**
 * Resolves when the socket is closed, also by an error: the proxy may close a connection while its client still writes, and the
 * write then fails with EPIPE. `once` of node:events would reject at that error.
 */
export function closed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** Resolves when more may be written, or when the socket is closed and nothing ever will. */
export function drained(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.once('drain', done);
    socket.once('close', done);
  });
}

export function untilClosed(socket: net.Socket, quietMs: number): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    let timer = setTimeout(done, quietMs);
    function done(): void {
      clearTimeout(timer);
      resolve(text);
    }
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      clearTimeout(timer);
      timer = setTimeout(done, quietMs);
    });
    socket.once('end', done);
    socket.once('close', done);
  });
}
