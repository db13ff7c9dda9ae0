import type { ScopeKey } from '../contracts/scope.ts';
import type { Decision, EffectiveAccess, EffectiveRule, Explanation, JudgedRequest, WalkStep } from './decision.ts';
import { matchesHost } from './host-name.ts';
import { type MatchResult, matchGuardrail, matchRule, originOf, ruleId } from './rule-match.ts';
import { deniedReason, forwardedReason, guardrailReason, injectedReason, switchedOff } from './sentences.ts';
import { type NearMiss, unmatched } from './unmatched.ts';

/**
 * Judges one request. The proxy, `bellhop why`, the console and the tests all call this function.
 *
 * 1. Guardrails come first. If one matches, the request is blocked.
 * 2. Scopes come next, the most specific first. In each scope:
 *    - If a `deny` of a connection matches, the request is blocked.
 *    - Otherwise the first rule that matches in host, port, scheme, method and path decides. Rules with a higher
 *      priority are compared first. The rules of one connection are compared in their order.
 * 3. A scope that has a connection for the host and port hides the connections of broader scopes for that host and
 *    port, even when its own connection does not match.
 * 4. If nothing matches, the request is blocked.
 *
 * @example
 *   const access = effectiveAccess(document, 'channel:T1:C1');
 *   decide({ method: 'GET', scheme: 'https', host: 'api.acme.test', port: 443, path: '/v1/x' }, access);
 *   // { outcome: 'injected', rule, reason: 'Let through with a credential: acme-api ← acme-data ← #growth.' }
 */
export function decide(request: JudgedRequest, access: EffectiveAccess): Decision {
  return judge(request, access, () => {});
}

/** The same decision, with every rule that was compared. For people: it costs more. */
export function explain(request: JudgedRequest, access: EffectiveAccess): Explanation {
  const walk: WalkStep[] = [];
  const decision = judge(request, access, (step) => walk.push(step()));
  return { ...decision, walk };
}

function judge(request: JudgedRequest, access: EffectiveAccess, note: (step: () => WalkStep) => void): Decision {
  if (!access.enabled) return switchedOff(access);

  for (const guardrail of access.guardrails) {
    const result = matchGuardrail(guardrail, request);
    const { id, line } = guardrail;
    note(() => ({ rule: id, origin: 'guardrail ← organization', action: 'deny', line, result }));
    if (result !== 'matched') continue;
    return {
      outcome: 'blocked',
      code: 'guardrail',
      rule: id,
      denied: null,
      reason: guardrailReason(guardrail, request),
    };
  }

  let connected: ScopeKey | undefined;
  const missed: NearMiss[] = [];
  for (const rule of access.rules) {
    const compared = matchRule(rule, request);
    const shadowed = isConnectionThere(rule, compared) && connected !== undefined && connected !== rule.origin.scope;
    note(() => stepOf(rule, shadowed ? 'shadowed' : compared));
    if (shadowed) continue;
    if (isConnectionThere(rule, compared)) connected = rule.origin.scope;
    if (compared === 'matched') return decided(rule, request, access);
    if (compared !== 'host' && rule.action !== 'deny') missed.push({ rule, differs: compared });
  }
  return unmatched(request, access, missed);
}

/** Whether a connection in scope is for this host, on any port. The sandbox's own credentials are stripped there. */
export function isConnectionHost(host: string, access: EffectiveAccess): boolean {
  return access.rules.some((rule) => rule.from === 'connection' && matchesHost(rule.match.host, host));
}

function isConnectionThere(rule: EffectiveRule, compared: MatchResult): boolean {
  return rule.from === 'connection' && compared !== 'host' && compared !== 'port';
}

function decided(rule: EffectiveRule, request: JudgedRequest, access: EffectiveAccess): Decision {
  if (rule.from === 'connection' && rule.action === 'inject') {
    return { outcome: 'injected', rule, reason: injectedReason(rule) };
  }
  if (rule.from === 'connection' && rule.action === 'deny') {
    const reason = deniedReason(rule, request);
    return { outcome: 'blocked', code: 'connection_denied', rule: ruleId(rule), denied: rule, reason };
  }
  const connectionHost = isConnectionHost(request.host, access);
  return { outcome: 'forwarded', rule, connectionHost, reason: forwardedReason(rule) };
}

function stepOf(rule: EffectiveRule, result: WalkStep['result']): WalkStep {
  return { rule: ruleId(rule), origin: originOf(rule), action: rule.action, line: rule.match.line, result };
}
