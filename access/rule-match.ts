import type { EffectiveRule, JudgedRequest, WalkStep } from './decision.ts';
import type { Guardrail, RuleMatch } from './document.ts';
import { matchesHost } from './host-name.ts';
import { matchesPath, mayMatchPath } from './path-match.ts';

/** The first thing in which a rule and a request differ, in the order in which they are compared. */
export type MatchResult = Exclude<WalkStep['result'], 'shadowed'>;

/** Compares one rule with one request; `matched` or the first difference, as Why? shows it. */
export function matchRule(rule: EffectiveRule, request: JudgedRequest): MatchResult {
  const match = ruleMatch(rule);
  if (!matchesHost(match.host, request.host)) return 'host';
  if (match.port !== request.port) return 'port';
  if (match.scheme !== request.scheme) return 'scheme';
  // A credential never travels in clear text, whatever the document says.
  if (rule.action === 'inject' && request.scheme !== 'https') return 'scheme';
  // Methods are case-sensitive (RFC 9110 9.1): `get` is not GET.
  if (match.methods.length > 0 && !match.methods.includes(request.method)) return 'method';
  return matchesPath(match.paths, request.path) ? 'matched' : 'path';
}

/** A deny is read generously: origins may take `delete` for DELETE, or `%2F` for a slash. */
export function matchGuardrail(guardrail: Guardrail, request: JudgedRequest): MatchResult {
  if (!matchesHost(guardrail.host, request.host)) return 'host';
  if (guardrail.port !== null && guardrail.port !== request.port) return 'port';
  if (guardrail.methods.length > 0 && !guardrail.methods.includes(request.method.toUpperCase())) return 'method';
  return mayMatchPath(guardrail.paths, request.path) ? 'matched' : 'path';
}

/** What a rule matches, whatever its action. */
export function ruleMatch(rule: EffectiveRule): RuleMatch {
  return rule.action === 'inject' ? rule.connection : rule.domain;
}

/** Name of the connection, or id of the domain entry. */
export function ruleId(rule: EffectiveRule): string {
  return rule.action === 'inject' ? rule.connection.id : rule.domain.id;
}

/** `acme-data ← #platform-eng`: bundle and scope a rule comes from. */
export function originOf(rule: EffectiveRule): string {
  return `${rule.origin.bundle} ← ${rule.origin.scopeLabel}`;
}
