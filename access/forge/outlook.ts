/** What can be said of a request to a forge before it is made: by `bellhop why` and by the tests of a file. */
import type { Decision, EffectiveAccess, JudgedRequest } from '../decision.ts';
import { judgeForgeApi } from './judge-api.ts';
import { accessTo, notGranted } from './repository.ts';

export interface Refused {
  /** A sentence for people. */
  readonly reason: string;
  /** The guardrail that forbids it. Null when the grants do not allow it. */
  readonly guardrail: string | null;
}

/**
 * Why the grants of repositories refuse a request that the rules let through. Null when they do not, and for a request
 * that goes to no forge. The request has no body here, so a write is refused that the proxy would allow with the right
 * body.
 */
export function refusedByGrants(request: JudgedRequest, decision: Decision, access: EffectiveAccess): Refused | null {
  if (decision.outcome !== 'injected') return null;
  const { id } = decision.rule.connection;
  const { host, port, method, path } = request;
  for (const { connection, forge } of access.forges) {
    if (connection !== id) continue;
    const grants = access.repositories.map(({ grant }) => grant).filter((grant) => grant.connection === id);
    if (forge.apiHost === host && forge.apiPort === port && path.startsWith(`${forge.apiPath}/`)) {
      const local = path.slice(forge.apiPath.length);
      const verdict = judgeForgeApi(
        { forge, method, path: local, query: '', body: null },
        { grants, guardrails: access.repositoryGuardrails, repositoryOfId: () => null },
      );
      return verdict.isAllowed ? null : { reason: verdict.reason, guardrail: verdict.guardrail };
    }
    const [owner = '', name = ''] = path.split('/').slice(1);
    const repository = `${owner}/${name.replace(/\.git$/, '')}`;
    // Deeper names are GitLab's groups: only the proxy reads those.
    if (forge.gitHost === host && forge.kind !== 'gitlab' && accessTo(repository, grants) === null) {
      return { reason: notGranted(repository), guardrail: null };
    }
  }
  return null;
}
