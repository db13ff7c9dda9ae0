import type { Exchange } from '../events/exchange.ts';
import { Refusal } from '../refusal.ts';
import { type Authority, defaultPortOf, parseAuthority, sameAuthority } from './authority.ts';
import type { RequestHead } from './request-head.ts';
import { parseAbsoluteTarget, parseDirectTarget, parsePath, recordedPath, type TargetPath } from './request-target.ts';

export interface Target extends TargetPath {
  readonly authority: Authority;
}

/**
 * Reads where a request goes:
 * - inside a tunnel, to the host of CONNECT, or of the TLS server name of a direct connection;
 * - on a direct connection without TLS, to the host of its Host header;
 * - otherwise to the host of the URL.
 *
 * Also writes host, port and path into the exchange, so that a later refusal is recorded with them.
 * @throws Refusal as {@link parseAbsoluteTarget}, {@link parseDirectTarget} and {@link parsePath} do
 */
export function readTarget(exchange: Exchange, head: RequestHead): Target {
  const { tunnel, direct } = exchange.client;
  const found = tunnel
    ? { authority: tunnel, ...parsePath(head.target) }
    : direct
      ? parseDirectTarget(head.target, head.host ?? '')
      : parseAbsoluteTarget(head.target);
  exchange.host = found.authority.host;
  exchange.port = found.authority.port;
  exchange.path = recordedPath(found.path, found.query);
  return found;
}

/**
 * The Host header must name the place where the request goes. Only on a direct connection without TLS does it decide that.
 * @throws Refusal `host_mismatch`
 */
export function checkHost({ scheme }: Exchange, { host }: RequestHead, authority: Authority): void {
  let named: Authority | null = null;
  try {
    named = parseAuthority(host ?? '', defaultPortOf(scheme));
  } catch {
    // A Host header that cannot be read is a mismatch too.
  }
  if (named && sameAuthority(named, authority)) return;
  throw new Refusal('host_mismatch', `The Host header does not name ${authority.host}:${authority.port}.`);
}
