import { Client } from 'undici';
import type { AddressException } from '../../../access/document.ts';
import { type CanonicalHost, parseHostName } from '../../../access/host-name.ts';
import type { DialTarget, GuardedDialer } from '../../dialer/guarded-dialer.ts';
import { Refusal } from '../../refusal.ts';
import { TokenError, type TokenFailure } from './token-error.ts';

/** How the token endpoint of a connection is dialled: as the connection's own hosts are. */
export interface TokenHost {
  /** The address exceptions of the connection's rules. The operator's ceilings hold too. */
  readonly exceptions: readonly AddressException[];
  /** Whose share of name lookups is used. */
  readonly scope: DialTarget['scope'];
  /** The connection's own authorities. */
  readonly own: DialTarget['own'];
}

/** The part of `fetch` that token requests need. `oauth4webapi` takes it as its `customFetch`. */
export type GuardedFetch = (
  url: string,
  init: { readonly method?: string; readonly headers?: Record<string, string>; readonly body?: unknown },
) => Promise<Response>;

export interface GuardedFetchOptions {
  readonly dialer: Pick<GuardedDialer, 'connectTls'>;
  readonly host: TokenHost;
  /** Ends the exchange. */
  readonly signal: AbortSignal;
  /** Called when the connection stands and nothing has been sent on it. Throws to send nothing. */
  readonly beforeSending?: () => void;
  /** @default 10 s for the whole exchange */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 10_000;
const MAX_ANSWER = 64 * 1024;
const NAMES_OF_FAILURES: readonly string[] = ['dns', 'connect', 'address_denied', 'upstream_tls'];

/**
 * A `fetch` for token endpoints. It uses the guarded dialer, speaks https only, follows no redirect, sends no cookie, and
 * reads at most 64 KiB. Each exchange has a connection of its own.
 *
 * @throws TokenError
 */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const { dialer, host, deadlineMs = DEADLINE_MS } = options;
  return async (url, init) => {
    const { target, path } = parseEndpoint(url);
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(deadlineMs)]);
    const client = new Client(`https://${target.host}:${target.port}`, {
      pipelining: 1,
      allowH2: false,
      headersTimeout: deadlineMs,
      bodyTimeout: deadlineMs,
      connect: (_options, callback) => {
        dialer.connectTls({ ...target, ...host }).then(
          (socket) => {
            try {
              signal.throwIfAborted();
              options.beforeSending?.();
              callback(null, socket);
            } catch (error) {
              socket.destroy();
              callback(error as Error, null);
            }
          },
          (error: Error) => callback(error, null),
        );
      },
    });
    try {
      return await exchange(client, path, init, signal);
    } catch (error) {
      throw failureOf(error, signal);
    } finally {
      client.destroy().catch(() => {});
    }
  };
}

async function exchange(
  client: Client,
  path: string,
  { method = 'GET', headers = {}, body }: Parameters<GuardedFetch>[1],
  signal: AbortSignal,
): Promise<Response> {
  const answer = await client.request({
    method: method as 'GET' | 'POST',
    path,
    headers: { ...headers, 'user-agent': 'bellhop' },
    body: body === undefined || body === null ? null : String(body),
    signal,
  });
  if (answer.statusCode >= 300 && answer.statusCode < 400) throw new TokenError('redirected');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer.body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER) throw new TokenError('answer_too_large');
    chunks.push(chunk);
  }
  const head = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) {
    for (const each of [value ?? []].flat()) head.append(name, each);
  }
  // A status without a body, such as 204, refuses an empty one too.
  return new Response(size === 0 ? null : Buffer.concat(chunks), { status: answer.statusCode, headers: head });
}

function parseEndpoint(text: string): {
  readonly target: { host: CanonicalHost; port: number };
  readonly path: string;
} {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') throw new TokenError('bad_token_url');
  const parsed = parseHostName(url.hostname);
  if (!('host' in parsed)) throw new TokenError('bad_token_url');
  return { target: { host: parsed.host, port: Number(url.port || 443) }, path: url.pathname + url.search };
}

function failureOf(error: unknown, signal: AbortSignal): TokenError {
  if (error instanceof TokenError) return error;
  if (error instanceof Refusal && NAMES_OF_FAILURES.includes(error.code)) {
    return new TokenError(error.code as TokenFailure, error.recorded);
  }
  if (signal.aborted) return new TokenError('timeout');
  return new TokenError('broke_off', (error as NodeJS.ErrnoException).code ?? null);
}
