import type { ScopeKey } from '../contracts/scope.ts';
import type { EffectiveRule } from './decision.ts';
import { originOf, ruleId } from './rule-match.ts';
import { commonHost } from './rule-overlap.ts';

/** A connection of a narrower scope that keeps a rule from being consulted. */
export interface Shadow {
  /** Its name. */
  readonly rule: string;
  /** The bundle and scope from which it comes. */
  readonly origin: string;
  readonly scope: ScopeKey;
  /** The host, with the port where only one is hidden. Null: for all that the rule covers. */
  readonly for: string | null;
}

/** How many parts are told of a rule to people. */
const TOLD = 3;

/**
 * What keeps a rule of a connection from being consulted: narrower scopes have connections for the same host and port
 * (decide.ts). One that hides the rule whole is the only one then. Empty when nothing does.
 *
 * @param rules all rules of a scope's access, in the order of comparison
 */
export function shadowsOf(rule: EffectiveRule, rules: readonly EffectiveRule[]): Shadow[] {
  if (rule.from !== 'connection') return [];
  const parts = new Map<string, Shadow>();
  for (const other of rules.slice(0, rules.indexOf(rule))) {
    const shadow = shadowBy(other, rule);
    if (shadow?.for === null) return [shadow];
    // The first that is compared decides.
    if (shadow?.for && !parts.has(shadow.for)) parts.set(shadow.for, shadow);
  }
  return [...parts.values()];
}

function shadowBy(other: EffectiveRule, rule: EffectiveRule): Shadow | null {
  if (other.from !== 'connection' || other.origin.scope === rule.origin.scope) return null;
  const [theirs, ours] = [other.match, rule.match];
  const isEveryPort = theirs.port === null || theirs.port === ours.port;
  const host = isEveryPort || ours.port === null ? commonHost(theirs.host, ours.host) : null;
  if (host === null) return null;
  const part = isEveryPort ? host : `${host}:${theirs.port}`;
  const isWhole = isEveryPort && host === ours.host;
  return { rule: ruleId(other), origin: originOf(other), scope: other.origin.scope, for: isWhole ? null : part };
}

/** For people: `not consulted for a.test: near ← tools ← #eng is narrower`. */
export function shadowNotes(shadows: readonly Shadow[]): string[] {
  const told = shadows
    .slice(0, TOLD)
    .map(
      (each) =>
        `not consulted${each.for === null ? '' : ` for ${each.for}`}: ${each.rule} ← ${each.origin} is narrower`,
    );
  const left = shadows.length - told.length;
  return left > 0 ? [...told, `nor for ${left} ${left === 1 ? 'other' : 'others'}`] : told;
}
