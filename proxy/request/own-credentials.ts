import type { CredentialUse } from '../../access/credential-use.ts';
import type { Decision, EffectiveAccess } from '../../access/decision.ts';
import type { OwnCredentials } from '../../access/document.ts';
import { headerKey } from '../../access/header-names.ts';
import { matchesHost } from '../../access/host-name.ts';
import { actsForAnother, isCredentialHeader, isCredentialParameter } from './credential-names.ts';
import { parameterKey } from './query-credential.ts';
import type { HeaderList } from './request-head.ts';

/**
 * What to do with credentials that the sandbox sends itself. If a connection in scope is for this host, they are
 * stripped, so that the host sees only the credential of the proxy. Otherwise the domain entry decides.
 */
export function ownCredentialsRule(decision: Exclude<Decision, { outcome: 'blocked' }>): OwnCredentials {
  if (decision.outcome === 'injected' || decision.connectionHost) return 'strip';
  return decision.rule.from === 'domain' ? decision.rule.match.ownCredentials : 'strip';
}

/** Says which header names carry credentials to this host, or say for whom one acts: the usual ones, and the headers of its connections. */
export function credentialHeaders(host: string, access: EffectiveAccess): (name: string) => boolean {
  const own = new Set<string>();
  for (const rule of access.rules) {
    if (rule.from !== 'connection' || !matchesHost(rule.match.host, host)) continue;
    for (const name of headersOf(rule.connection.credential)) own.add(headerKey(name));
  }
  return (name) => {
    const key = headerKey(name);
    return isCredentialHeader(key) || actsForAnother(key) || own.has(key);
  };
}

/** Says which query parameters carry credentials to this host: the usual ones, and those of its connections. */
export function credentialParameters(host: string, access: EffectiveAccess): (name: string) => boolean {
  const own = new Set<string>();
  for (const rule of access.rules) {
    if (rule.from !== 'connection' || !matchesHost(rule.match.host, host)) continue;
    const { credential } = rule.connection;
    if (credential.kind === 'query') own.add(parameterKey(credential.name));
  }
  // A query may have thirty thousand parameters, most of them with one name.
  const known = new Map<string, boolean>();
  return (name) => {
    const seen = known.get(name);
    if (seen !== undefined) return seen;
    const isOne = isCredentialParameter(name) || (own.size > 0 && own.has(parameterKey(name)));
    known.set(name, isOne);
    return isOne;
  };
}

function headersOf(use: CredentialUse): readonly string[] {
  if (use.kind === 'header') return [use.name];
  return use.kind === 'headers' ? use.names : [];
}

/** Whether the sandbox sent credentials of its own, in a header or in the query. */
export function carriesCredentials(
  headers: HeaderList,
  query: string,
  isCredential: (name: string) => boolean,
  isParameter: (name: string) => boolean = isCredentialParameter,
): boolean {
  return headers.some(([name]) => isCredential(name)) || strippedQuery(query, isParameter) !== query;
}

/** The query without parameters that are credentials. The rest stays byte for byte the same. */
export function strippedQuery(query: string, isParameter: (name: string) => boolean = isCredentialParameter): string {
  const isCredential = (pair: string) => isParameter(pair.replace(/^[&;]/, '').split('=', 1)[0] ?? '');
  // Each part keeps the separator before it. Some origins take a semicolon as a separator too.
  const [first = '', ...others] = query.slice(1).split(/(?=[&;])/);
  const kept = others.filter((pair) => !isCredential(pair)).join('');
  if (!isCredential(first)) return query.slice(0, 1) + first + kept;
  return kept === '' ? '' : `?${kept.slice(1)}`;
}
