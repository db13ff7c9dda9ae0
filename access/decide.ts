import type { ScopeKey } from '../contracts/scope.ts';
import type { Decision, EffectiveAccess, EffectiveRule, JudgedRequest, WalkStep } from './decision.ts';
import { matchesHost } from './host-name.ts';
import { type MatchResult, matchGuardrail, matchRule, originOf, ruleId } from './rule-match.ts';
import { forwardedReason, guardrailReason, injectedReason, switchedOff } from './sentences.ts';
import { type NearMiss, unmatched } from './unmatched.ts';

/**
 * Judges one request. The proxy, `bellhop why`, the console and the tests call this function and no other.
 *
 * Guardrails are asked first; then the rules, most specific scope first and inside a scope by priority. The first rule
 * that matches in host, port, scheme, method and path decides. A rule that does not match is passed over, but where a
 * scope has a connection for the host and port, the connections of broader scopes are not consulted there. What
 * nothing matches is blocked.
 */
export function decide(request: JudgedRequest, access: EffectiveAccess): Decision {
  if (!access.enabled) return switchedOff(access);
  const walk: WalkStep[] = [];

  for (const guardrail of access.guardrails) {
    const result = matchGuardrail(guardrail, request);
    walk.push({ rule: guardrail.id, origin: 'guardrail ← organization', result });
    if (result === 'matched') {
      const reason = guardrailReason(guardrail, request);
      return { outcome: 'blocked', code: 'guardrail', rule: guardrail.id, reason, walk };
    }
  }

  let connected: ScopeKey | undefined;
  const missed: NearMiss[] = [];
  for (const rule of access.rules) {
    const compared = matchRule(rule, request);
    const shadowed = isConnectionThere(rule, compared) && connected !== undefined && connected !== rule.origin.scope;
    walk.push({ rule: ruleId(rule), origin: originOf(rule), result: shadowed ? 'shadowed' : compared });
    if (shadowed) continue;
    if (isConnectionThere(rule, compared)) connected = rule.origin.scope;
    if (compared === 'matched') return granted(rule, request, access, walk);
    if (compared !== 'host') missed.push({ rule, differs: compared });
  }
  return { ...unmatched(request, access, missed), walk };
}

/** Whether some connection in scope speaks to this host, on whatever port: there the sandbox's own credentials go. */
export function isConnectionHost(host: string, access: EffectiveAccess): boolean {
  return access.rules.some((rule) => rule.action === 'inject' && matchesHost(rule.connection.host, host));
}

function isConnectionThere(rule: EffectiveRule, compared: MatchResult): boolean {
  return rule.action === 'inject' && compared !== 'host' && compared !== 'port';
}

function granted(
  rule: EffectiveRule,
  request: JudgedRequest,
  access: EffectiveAccess,
  walk: readonly WalkStep[],
): Decision {
  if (rule.action === 'inject') return { outcome: 'injected', rule, reason: injectedReason(rule), walk };
  const connectionHost = isConnectionHost(request.host, access);
  return { outcome: 'forwarded', rule, connectionHost, reason: forwardedReason(rule), walk };
}
