import type { EffectiveRule, JudgedRequest, WalkStep } from './decision.ts';
import type { Guardrail, RuleMatch } from './document.ts';
import { matchesHost } from './host-name.ts';
import { matchesPath, mayMatchPath } from './path-match.ts';

/** `matched`, or the first part in which a rule and a request differ. */
export type MatchResult = Exclude<WalkStep['result'], 'shadowed'>;

/** Compares a rule with a request: host, port, scheme, method, path, in this order. */
export function matchRule({ action, match }: EffectiveRule, request: JudgedRequest): MatchResult {
  if (!matchesHost(match.host, request.host)) return 'host';
  if (!isForPort(match, request.port)) return 'port';
  if (action === 'deny') return matchBroadly(match, request);
  if (match.scheme !== request.scheme) return 'scheme';
  // A credential never travels in clear text, even if the document says so.
  if (action === 'inject' && request.scheme !== 'https') return 'scheme';
  // Methods are case-sensitive (RFC 9110 9.1): `get` is not GET.
  if (match.methods.length > 0 && !match.methods.includes(request.method)) return 'method';
  return matchesPath(match.paths, request.path) ? 'matched' : 'path';
}

/** Compares a guardrail with a request: host, port, method, path, in this order. It holds for http and https alike. */
export function matchGuardrail(guardrail: Guardrail, request: JudgedRequest): MatchResult {
  if (!matchesHost(guardrail.host, request.host)) return 'host';
  if (!isForPort(guardrail, request.port)) return 'port';
  return matchBroadly(guardrail, request);
}

/** What forbids may be for every port. */
function isForPort({ port }: Pick<Guardrail, 'port'>, asked: number): boolean {
  return port === null || port === asked;
}

/** What forbids is compared broadly, because servers may read `delete` as DELETE, or `%2F` as a slash. */
function matchBroadly({ methods, paths }: Pick<RuleMatch, 'methods' | 'paths'>, request: JudgedRequest): MatchResult {
  if (methods.length > 0 && !methods.includes(request.method.toUpperCase())) return 'method';
  return mayMatchPath(paths, request.path) ? 'matched' : 'path';
}

/** The name of the connection, or the id of the domain entry. */
export function ruleId(rule: EffectiveRule): string {
  return rule.from === 'connection' ? rule.connection.id : rule.match.id;
}

/** Inside one scope, rules with a higher priority are compared first. */
export function priorityOf(rule: EffectiveRule): number {
  return rule.from === 'connection' ? rule.connection.priority : rule.match.priority;
}

/** The bundle and scope from which a rule comes: `acme-data ← #platform-eng`. */
export function originOf({ origin }: Pick<EffectiveRule, 'origin'>): string {
  return `${origin.bundle} ← ${origin.scopeLabel}`;
}

/** What stands behind a host for people: `:8443`, nothing for the usual port of the scheme, and `:*` for every port. */
export function portText({ scheme, port }: Pick<RuleMatch, 'scheme'> & { readonly port: number | null }): string {
  if (port === null) return ':*';
  return port === (scheme === 'https' ? 443 : 80) ? '' : `:${port}`;
}
