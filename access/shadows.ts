import type { EffectiveRule } from './decision.ts';
import { originOf, ruleId } from './rule-match.ts';
import { commonHost } from './rule-overlap.ts';

/**
 * What keeps a rule of a connection from being consulted: a narrower scope has a connection for the same host and port
 * (decide.ts). Null when nothing does.
 *
 * @param rules all rules of a scope's access, in the order of comparison
 */
export function shadowOf(rule: EffectiveRule, rules: readonly EffectiveRule[]): string | null {
  if (rule.from !== 'connection') return null;
  const before = rules.slice(0, rules.indexOf(rule));
  for (const other of before) {
    if (other.from !== 'connection' || other.origin.scope === rule.origin.scope) continue;
    const isPort = other.match.port === rule.match.port || other.match.port === null || rule.match.port === null;
    const host = isPort ? commonHost(other.match.host, rule.match.host) : null;
    if (host === null) continue;
    const isWhole = host === rule.match.host && (other.match.port === null || other.match.port === rule.match.port);
    return `not consulted${isWhole ? '' : ` for ${host}`}: ${ruleId(other)} ← ${originOf(other)} is narrower`;
  }
  return null;
}
