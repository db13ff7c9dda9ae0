import type { Decision, EffectiveAccess } from '../../access/decision.ts';
import type { OwnCredentials } from '../../access/document.ts';
import { headerKey } from '../../access/header-names.ts';
import { matchesHost } from '../../access/host-name.ts';
import { isCredentialHeader, isCredentialParameter } from './credential-names.ts';
import type { HeaderList } from './request-head.ts';

/**
 * What becomes of credentials that the sandbox sends itself: stripped wherever some connection in scope speaks to the
 * host, so that your systems see only what the proxy attached; elsewhere as the domain entry says.
 */
export function ownCredentialsRule(decision: Exclude<Decision, { outcome: 'blocked' }>): OwnCredentials {
  if (decision.outcome === 'injected' || decision.connectionHost) return 'strip';
  return decision.rule.domain.ownCredentials;
}

/** Names under which credentials go to this host: the usual ones, and the headers of its connections. */
export function credentialHeaders(host: string, access: EffectiveAccess): (name: string) => boolean {
  const own = new Set<string>();
  for (const rule of access.rules) {
    if (rule.action !== 'inject' || !matchesHost(rule.connection.host, host)) continue;
    if (rule.connection.header) own.add(headerKey(rule.connection.header));
  }
  return (name) => {
    const key = headerKey(name);
    return isCredentialHeader(key) || own.has(key);
  };
}

/** Whether the sandbox sent credentials of its own, in a header or in the query. */
export function carriesCredentials(
  headers: HeaderList,
  query: string,
  isCredential: (name: string) => boolean,
): boolean {
  return headers.some(([name]) => isCredential(name)) || strippedQuery(query) !== query;
}

/** The query without parameters that are credentials, otherwise byte for byte as it came. */
export function strippedQuery(query: string): string {
  // Each with the separator before it. Some origins take a semicolon for one.
  const [first = '', ...others] = query.slice(1).split(/(?=[&;])/);
  const kept = others.filter((pair) => !isCredential(pair)).join('');
  if (!isCredential(first)) return query.slice(0, 1) + first + kept;
  return kept === '' ? '' : `?${kept.slice(1)}`;
}

function isCredential(pair: string): boolean {
  return isCredentialParameter(pair.replace(/^[&;]/, '').split('=', 1)[0] ?? '');
}
