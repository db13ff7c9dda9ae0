import type { BlockCode, Decision, EffectiveAccess, EffectiveRule, JudgedRequest } from './decision.ts';
import { type MatchResult, ruleId } from './rule-match.ts';
import { cleartextReason, methodReason, notAllowedReason, pathReason, portReason } from './sentences.ts';

/** A rule that knows the host but did not match. */
export interface NearMiss {
  readonly rule: EffectiveRule;
  readonly differs: Exclude<MatchResult, 'matched' | 'host'>;
}

type Blocked = Omit<Decision & { outcome: 'blocked' }, 'walk'>;

/** Later in this list is nearer to a match. */
const NEARNESS: readonly NearMiss['differs'][] = ['port', 'scheme', 'method', 'path'];

/** Says of a request that no rule matched what came nearest, so that people see what is missing. */
export function unmatched(request: JudgedRequest, access: EffectiveAccess, missed: readonly NearMiss[]): Blocked {
  const connection = missed.find(({ rule, differs }) => rule.action === 'inject' && isCleartext(request, differs));
  if (connection) return blocked('cleartext_credential', connection.rule, cleartextReason(connection.rule, request));

  const nearest = missed.toSorted((a, b) => NEARNESS.indexOf(b.differs) - NEARNESS.indexOf(a.differs))[0];
  switch (nearest?.differs) {
    case 'path':
      return blocked('path_not_allowed', nearest.rule, pathReason(nearest.rule, request));
    case 'method':
      return blocked('method_not_allowed', nearest.rule, methodReason(nearest.rule, request));
    case 'scheme':
    case 'port':
      return blocked('port_not_allowed', nearest.rule, portReason(nearest.rule, request));
    case undefined:
      return { outcome: 'blocked', code: 'not_allowed', rule: null, reason: notAllowedReason(request, access) };
  }
}

/** The same host by `http://` usually differs in its port already. */
function isCleartext(request: JudgedRequest, differs: NearMiss['differs']): boolean {
  return request.scheme === 'http' && (differs === 'scheme' || differs === 'port');
}

function blocked(code: BlockCode, rule: EffectiveRule, reason: string): Blocked {
  return { outcome: 'blocked', code, rule: ruleId(rule), reason };
}
