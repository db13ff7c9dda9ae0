import { decide } from '../../access/decide.ts';
import type { EffectiveAccess } from '../../access/decision.ts';
import { matchesHost } from '../../access/host-name.ts';
import { deletesByBody } from '../credentials/sigv4/named-objects.ts';
import type { Exchange } from '../events/exchange.ts';
import type { AllowedDecision } from './outgoing.ts';
import type { Target } from './read-target.ts';

/**
 * Whether the rules may keep something of a host back, so that nothing of it is read or deleted that the path does not name. Every
 * `deny` and every guardrail for the host counts, the paths of the connection's own rules, and no right to read, or to delete, by it.
 * False for a request without a credential.
 */
export function holdsBack(
  { scheme }: Exchange,
  { authority, path, query }: Target,
  decision: AllowedDecision,
  access: EffectiveAccess,
): boolean {
  if (decision.outcome !== 'injected') return false;
  const { host } = authority;
  const { connection, match } = decision.rule;
  if (access.guardrails.some((each) => matchesHost(each.host, host))) return true;
  // A rule for every host below a name leads to what other rules of the connection keep back on those hosts.
  const isNear = (other: string) => matchesHost(other, host) || matchesHost(match.host, other);
  const byOwn = connection.rules.some((rule) => isNear(rule.host) && (rule.action === 'deny' || rule.paths.length > 0));
  // What a body names to be deleted is deleted by POST.
  const method = deletesByBody(query) ? 'DELETE' : 'GET';
  const byOthers = access.rules.some(
    ({ action, match: { host: other } }) => action === 'deny' && matchesHost(other, host),
  );
  return byOwn || byOthers || decide({ method, scheme, path, ...authority }, access).outcome !== 'injected';
}
