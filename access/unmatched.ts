import type { BlockCode, Decision, EffectiveAccess, EffectiveRule, JudgedRequest } from './decision.ts';
import { type MatchResult, ruleId } from './rule-match.ts';
import { cleartextReason, methodReason, notAllowedReason, pathReason, portReason } from './sentences.ts';

/** A rule for the same host that did not match. */
export interface NearMiss {
  readonly rule: EffectiveRule;
  readonly differs: Exclude<MatchResult, 'matched' | 'host'>;
}

type Blocked = Decision & { outcome: 'blocked' };

/** A later entry is nearer to a match. */
const NEARNESS: readonly NearMiss['differs'][] = ['port', 'scheme', 'method', 'path'];

/** Explains a request that no rule matched by its nearest rule, so that people see what is missing. */
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
      return {
        outcome: 'blocked',
        code: 'not_allowed',
        rule: null,
        denied: null,
        reason: notAllowedReason(request, access),
      };
  }
}

/** Whether the request only lacks https. `http://` usually differs in the port too, which is compared first. */
function isCleartext(request: JudgedRequest, differs: NearMiss['differs']): boolean {
  return request.scheme === 'http' && (differs === 'scheme' || differs === 'port');
}

function blocked(code: BlockCode, rule: EffectiveRule, reason: string): Blocked {
  return { outcome: 'blocked', code, rule: ruleId(rule), denied: null, reason };
}
