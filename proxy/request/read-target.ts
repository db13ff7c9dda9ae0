import type { Exchange } from '../events/exchange.ts';
import { Refusal } from '../refusal.ts';
import { type Authority, defaultPortOf, parseAuthority, sameAuthority } from './authority.ts';
import type { RequestHead } from './request-head.ts';
import { parseAbsoluteTarget, parsePath, recordedPath, type TargetPath } from './request-target.ts';

export interface Target extends TargetPath {
  readonly authority: Authority;
}

/**
 * Whom a request is for: inside a tunnel the host of CONNECT, whatever the request says; else the host of its URL.
 * Notes on the exchange what is known, as soon as it is.
 * @throws Refusal
 */
export function readTarget(exchange: Exchange, head: RequestHead): Target {
  const { tunnel } = exchange.client;
  const found = tunnel ? { authority: tunnel, ...parsePath(head.target) } : parseAbsoluteTarget(head.target);
  exchange.host = found.authority.host;
  exchange.port = found.authority.port;
  exchange.path = recordedPath(found.path, found.query);
  return found;
}

/** The Host header never decides where a request goes, but it must not say otherwise. @throws Refusal `host_mismatch` */
export function checkHost({ scheme }: Exchange, { host }: RequestHead, authority: Authority): void {
  let named: Authority | null = null;
  try {
    named = parseAuthority(host ?? '', defaultPortOf(scheme));
  } catch {
    // No host at all is a mismatch like any other.
  }
  if (named && sameAuthority(named, authority)) return;
  throw new Refusal('host_mismatch', `The Host header does not name ${authority.host}:${authority.port}.`);
}
