import { canonicalPath } from '../../access/path-match.ts';
import { Refusal } from '../refusal.ts';
import { type Authority, defaultPortOf, parseAuthority } from './authority.ts';

/** The part of a request target that stays after its authority: canonical path, and the query as it came. */
export interface TargetPath {
  readonly path: string;
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
  return { path: canonical.path, query };
}

/**
 * Reads a target in absolute-form (RFC 9112 3.2.2), the form of a plain request to a proxy. Only `http`: an
 * `https://` target would have its TLS taken off between the sandbox and here.
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

/** `/v1/x?day=2026-01-01&all` as it is recorded, `/v1/x?day&...`: names of the query, never its values. */
export function recordedPath(path: string, query: string): string {
  const names = query
    .slice(1)
    .split(/[&;]/)
    .filter((pair) => pair !== '')
    // What is no plain name, or has no value, may be a value that lost its name.
    .map((pair) => NAMED_VALUE.exec(pair)?.[1] ?? '...');
  return names.length === 0 ? path : `${path}?${names.join('&')}`.slice(0, MAX_PATH);
}
