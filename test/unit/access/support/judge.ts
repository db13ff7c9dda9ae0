import { explain } from '../../../../access/decide.ts';
import type { Decision, Explanation, JudgedRequest } from '../../../../access/decision.ts';
import type { AccessDocument } from '../../../../access/document.ts';
import { effectiveAccess } from '../../../../access/effective-access.ts';
import { ruleId } from '../../../../access/rule-match.ts';
import type { ScopeKey } from '../../../../contracts/scope.ts';

/** The channel whose access is asked for where a test names no other. */
export const CHANNEL = 'channel:T1:C1';
const GET: JudgedRequest = { method: 'GET', scheme: 'https', host: 'api.a.test', port: 443, path: '/v1/x' };

/** What is decided for a GET of `https://api.a.test/v1/x`, changed by `request`, in this scope. */
export function judge(
  document: AccessDocument,
  request: Partial<JudgedRequest> = {},
  scope: ScopeKey = CHANNEL,
): Explanation {
  return explain({ ...GET, ...request }, effectiveAccess(document, scope));
}

/** `injected gh`, `forwarded api.a.test`, `blocked not_allowed`. */
export function outcome(decision: Decision): string {
  if (decision.outcome === 'blocked') return `blocked ${decision.code}`;
  return `${decision.outcome} ${ruleId(decision.rule)}`;
}
