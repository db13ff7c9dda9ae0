import { decide } from '../../access/decide.ts';
import type { Decision, EffectiveAccess, EffectiveRule } from '../../access/decision.ts';
import { matchesHost } from '../../access/host-name.ts';
import { ruleMatch } from '../../access/rule-match.ts';
import { decideTunnel } from '../../access/tunnel.ts';
import type { Authority } from '../request/authority.ts';

/** What becomes of a CONNECT, before anything of its inside is known. */
export type ConnectVerdict =
  | { readonly way: 'tunnel'; readonly rule: EffectiveRule; readonly reason: string }
  | { readonly way: 'intercept' }
  | { readonly way: 'blocked'; readonly decision: Decision & { outcome: 'blocked' } };

/**
 * A CONNECT is let in when some request inside it might be: then each request is judged. Otherwise it is blocked at
 * once, by the words of the one function that decides, and its name is never looked up.
 */
export function judgeConnect({ host, port }: Authority, access: EffectiveAccess): ConnectVerdict {
  const tunnel = decideTunnel(host, port, access);
  if (tunnel) return { way: 'tunnel', rule: tunnel.rule, reason: tunnel.reason };
  const probe = decide({ method: 'CONNECT', scheme: 'https', host, port, path: '/' }, access);
  if (probe.outcome !== 'blocked') return { way: 'intercept' };
  const forbidden = access.guardrails.some(
    (guardrail) =>
      matchesHost(guardrail.host, host) &&
      (guardrail.port ?? port) === port &&
      guardrail.methods.length === 0 &&
      guardrail.paths.length === 0,
  );
  const covered = access.rules.some((rule) => {
    const match = ruleMatch(rule);
    return matchesHost(match.host, host) && match.port === port && match.scheme === 'https';
  });
  return access.enabled && covered && !forbidden ? { way: 'intercept' } : { way: 'blocked', decision: probe };
}
