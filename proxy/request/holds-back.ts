import { decide } from '../../access/decide.ts';
import type { EffectiveAccess } from '../../access/decision.ts';
import { matchesHost } from '../../access/host-name.ts';
import { deletesByBody } from '../credentials/sigv4/named-objects.ts';
import type { Exchange } from '../events/exchange.ts';
import type { AllowedDecision } from './outgoing.ts';
import type { Target } from './read-target.ts';

export interface HoldsBackOptions {
  readonly exchange: Pick<Exchange, 'method' | 'scheme'>;
  readonly target: Target;
  readonly decision: AllowedDecision;
  /** What holds at the host of the request. */
  readonly access: EffectiveAccess;
  /** What holds at every host. It costs more, so it is asked for only where it matters. */
  readonly whole: () => Pick<EffectiveAccess, 'guardrails' | 'rules'>;
}

/**
 * Whether the rules may keep something of a host back, so that nothing of it is read or deleted that the path does not name. Every
 * `deny` and every guardrail for the host counts, the paths of the deciding rule and of the others of its connection, and no right to
 * read, or to delete, by it.
 *
 * A rule for every host below a name leads to all of these hosts: S3 has a host for each bucket, and copies from any of them. So what
 * is kept back on one of them counts as well.
 */
export function holdsBack({ exchange, target, decision, access, whole }: HoldsBackOptions): boolean {
  const { authority, path, query } = target;
  const { scheme } = exchange;
  // Only a POST deletes by a list. Another request with this parameter may be a copy.
  const isList = exchange.method === 'POST' && deletesByBody(query);
  const { rule, outcome } = decision;
  const { host: ruleHost, paths } = rule.match;
  const isNear = (other: string) => matchesHost(other, authority.host) || matchesHost(ruleHost, other);
  const own = rule.from === 'connection' ? rule.connection.rules : [];
  if (paths.length > 0 || own.some((each) => isNear(each.host) && (each.action === 'deny' || each.paths.length > 0)))
    return true;
  // A list of objects to delete names those of one bucket.
  const isWide = ruleHost.startsWith('*') && !isList;
  const { guardrails, rules } = isWide ? whole() : access;
  const counts = isWide ? isNear : (other: string) => matchesHost(other, authority.host);
  if (guardrails.some(({ host }) => counts(host))) return true;
  if (rules.some(({ action, match }) => action === 'deny' && counts(match.host))) return true;
  // What a body names to be deleted is deleted by POST.
  const method = isList ? 'DELETE' : 'GET';
  return decide({ method, scheme, path, ...authority }, access).outcome !== outcome;
}
