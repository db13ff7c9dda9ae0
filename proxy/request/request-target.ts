import { canonicalPath } from '../../access/path-match.ts';
import { Refusal } from '../refusal.ts';
import { type Authority, defaultPortOf, parseAuthority } from './authority.ts';

/** A request target without its authority: the canonical path, and the query as it came. */
export interface TargetPath {
  readonly path: string;
  /** The path as the sandbox wrote it. */
  readonly rawPath: string;
  /** With its question mark, or empty. */
  readonly query: string;
}

const MAX_PATH = 8 * 1024;
const MAX_QUERY = 32 * 1024;
/** Visible ASCII without `#`, which ends a query (RFC 3986 3.4). */
const QUERY = /^\?[\x21\x22\x24-\x7e]*$/;
const NAMED_VALUE = /^([\w.~%[\]-]{1,64})=/;
const ABSOLUTE = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/?#]*)(.*)$/s;

/**
 * Reads a target in origin-form (RFC 9112 3.2.1), the only form inside a tunnel.
 * @throws Refusal `bad_path`, `path_too_long`, `query_too_long`
 */
export function parsePath(target: string): TargetPath {
  const mark = target.indexOf('?');
  const raw = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark);
  if (raw.length > MAX_PATH) throw new Refusal('path_too_long', `The path is longer than ${MAX_PATH} characters.`);
  if (query.length > MAX_QUERY)
    throw new Refusal('query_too_long', `The query is longer than ${MAX_QUERY} characters.`);
  const canonical = canonicalPath(raw);
  if ('refused' in canonical) throw new Refusal('bad_path', `The path ${canonical.refused}.`);
  if (query !== '' && !QUERY.test(query)) {
    throw new Refusal('bad_path', 'The query has a character that belongs percent-encoded.');
  }
  return { path: canonical.path, rawPath: raw, query };
}

/**
 * Reads a target in absolute-form (RFC 9112 3.2.2), the form of a plain request to a proxy. Only `http` is accepted: an
 * `https://` target here would mean that the request came to the proxy without TLS.
 * @throws Refusal `not_proxied`, `tls_in_clear`, `bad_authority`, `address_literal`, and those of {@link parsePath}
 */
export function parseAbsoluteTarget(target: string): TargetPath & { readonly authority: Authority } {
  const parts = ABSOLUTE.exec(target);
  if (!parts) throw new Refusal('not_proxied', 'The request names no host to be sent to.');
  const scheme = (parts[1] ?? '').toLowerCase();
  if (scheme === 'https') throw new Refusal('tls_in_clear', 'An https request must come through CONNECT.');
  if (scheme !== 'http') throw new Refusal('not_proxied', 'Only http and https are carried.');
  const rest = parts[3] ?? '';
  const authority = parseAuthority(parts[2] ?? '', defaultPortOf('http'));
  return { authority, ...parsePath(rest.startsWith('/') ? rest : `/${rest}`) };
}

/**
 * Reads a target in origin-form together with the Host header: the form of a plain request to a server (RFC 9112 3.3). The
 * client knows of no proxy, and has connected to port 80.
 * @throws Refusal `not_proxied`, `bad_authority`, `address_literal`, and those of {@link parsePath}
 */
export function parseDirectTarget(target: string, host: string): TargetPath & { readonly authority: Authority } {
  const authority = parseAuthority(host, defaultPortOf('http'));
  if (authority.port !== defaultPortOf('http')) {
    throw new Refusal('not_proxied', 'Without a proxy, http is carried on port 80 only and https on port 443 only.');
  }
  return { authority, ...parsePath(target) };
}

/**
 * The path and query for the records: names of query parameters, never their values.
 *
 * @example
 *   recordedPath('/v1/x', '?day=2026-01-01&all') // '/v1/x?day&...'
 */
export function recordedPath(path: string, query: string): string {
  const names = query
    .slice(1)
    .split(/[&;]/)
    .filter((pair) => pair !== '')
    // A part without a plain name before `=` may be a value itself, so it is not recorded.
    .map((pair) => NAMED_VALUE.exec(pair)?.[1] ?? '...');
  return names.length === 0 ? path : `${path}?${names.join('&')}`.slice(0, MAX_PATH);
}
