import { decide, isConnectionHost } from './decide.ts';
import type { Decision, EffectiveAccess } from './decision.ts';
import { matchesHost } from './host-name.ts';
import { ruleMatch } from './rule-match.ts';

/**
 * Whether a CONNECT to a host and port is a blind tunnel, and by which domain entry. Null means: intercept it and
 * judge every request inside. So is everything where something of a request may matter: a rule that comes before the
 * tunnel, a connection in scope (credentials of the sandbox's own could not be stripped), or a guardrail on the host.
 */
export function decideTunnel(
  host: string,
  port: number,
  access: EffectiveAccess,
): (Decision & { outcome: 'forwarded' }) | null {
  const guarded = access.guardrails.some(
    (guardrail) => matchesHost(guardrail.host, host) && (guardrail.port ?? port) === port,
  );
  if (guarded || isConnectionHost(host, access)) return null;
  const first = access.rules.find((rule) => {
    const match = ruleMatch(rule);
    return matchesHost(match.host, host) && match.port === port && match.scheme === 'https';
  });
  if (first?.action !== 'forward' || first.domain.transport !== 'tunnel') return null;

  const decision = decide({ method: 'CONNECT', scheme: 'https', host, port, path: '/' }, access);
  return decision.outcome === 'forwarded' && decision.rule.domain === first.domain ? decision : null;
}
