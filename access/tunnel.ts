import { decide, isConnectionHost } from './decide.ts';
import type { Decision, EffectiveAccess } from './decision.ts';
import { matchesHost } from './host-name.ts';

/**
 * Whether a CONNECT to a host and port becomes a blind tunnel, and by which domain entry. Null means that it is
 * intercepted and every request inside is judged. That is the case when the requests matter:
 * - an earlier rule is for the same host and port
 * - a connection is for this host, because the sandbox's own credentials must be stripped
 * - a guardrail is for this host
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
  const first = access.rules.find(
    ({ match }) => matchesHost(match.host, host) && match.port === port && match.scheme === 'https',
  );
  if (first?.from !== 'domain' || first.match.transport !== 'tunnel') return null;

  const decision = decide({ method: 'CONNECT', scheme: 'https', host, port, path: '/' }, access);
  return decision.outcome === 'forwarded' && decision.rule === first ? decision : null;
}
