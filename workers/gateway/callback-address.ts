import type { CallbackReach } from '../../slack/personal/grant-ways.ts';

/** Where browsers are led back to, and where the gateway listens for them. */
export interface CallbackAddress {
  /** `https://bellhop.acme.example`, without a slash at its end. */
  readonly url: string;
  /** The `Host` header of a request that was led there. */
  readonly host: string;
  readonly reach: Exclude<CallbackReach, 'none'>;
  readonly listen: { readonly host: string; readonly port: number };
}

const LOOPBACK = /^(?:127\.0\.0\.1|\[::1\]|localhost)$/;
const USUAL = { host: '127.0.0.1', port: 7360 };

/**
 * Reads `BELLHOP_CALLBACK_URL` and `BELLHOP_CALLBACK_LISTEN`. Null without the first: then no browser is led back.
 * @throws Error that names the variable
 */
export function readCallbackAddress(url: string | undefined, listen: string | undefined): CallbackAddress | null {
  if (!url) {
    if (listen)
      throw new Error('BELLHOP_CALLBACK_LISTEN needs BELLHOP_CALLBACK_URL: the address that browsers are led to');
    return null;
  }
  const refuse = (why: string) => new Error(`BELLHOP_CALLBACK_URL ${why}, as in https://bellhop.acme.example`);
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (!parsed || parsed.username || parsed.password || parsed.search || parsed.hash)
    throw refuse('must be a whole URL');
  const isLoopback = LOOPBACK.test(parsed.hostname);
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && isLoopback)) {
    throw refuse('must be https, or http on 127.0.0.1');
  }
  return {
    url: `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, ''),
    host: parsed.host,
    reach: isLoopback ? 'loopback' : 'public',
    listen: listen ? readListen(listen) : isLoopback ? listenAt(parsed) : USUAL,
  };
}

function listenAt({ hostname, port, protocol }: URL): CallbackAddress['listen'] {
  const host = hostname === '[::1]' ? '::1' : '127.0.0.1';
  return { host, port: Number(port || (protocol === 'https:' ? USUAL.port : 80)) };
}

function readListen(text: string): CallbackAddress['listen'] {
  const [, host = '', port = ''] = /^(\[[0-9a-f:.]+\]|[0-9.]+):([0-9]{1,5})$/i.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) {
    throw new Error(`BELLHOP_CALLBACK_LISTEN: ${text} is no address and port, as in ${USUAL.host}:${USUAL.port}`);
  }
  return { host: host.replace(/[[\]]/g, ''), port: Number(port) };
}

/** Where the gateway listens, as a URL. */
export function listenUrl({ listen: { host, port } }: Pick<CallbackAddress, 'listen'>): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const PATH = '/oauth/callback/';

/** Each offer has an address of its own, so that an answer of one server cannot be taken for that of another (RFC 9700 4.4.2). */
export function redirectUriOf({ url }: Pick<CallbackAddress, 'url'>, offer: string): string {
  return `${url}${PATH}${offer}`;
}

/** The offer whose address a path is. Null for every other path. */
export function offerOfPath({ url }: Pick<CallbackAddress, 'url'>, path: string): string | null {
  const start = `${new URL(url).pathname.replace(/\/+$/, '')}${PATH}`;
  if (!path.startsWith(start)) return null;
  const name = path.slice(start.length);
  return /^[a-z0-9-]{1,64}$/.test(name) ? name : null;
}
