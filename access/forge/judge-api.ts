import type { RepositoryGrant, RepositoryGuardrail } from '../document.ts';
import {
  type ApiRequest,
  type ApiVerdict,
  type Checked,
  denied,
  type JudgedCall,
  matchPath,
  type WriteRule,
} from './api-request.ts';
import { GITEA_WRITES, GITHUB_WRITES } from './github-writes.ts';
import { GITLAB_WRITES } from './gitlab-writes.ts';
import { judgeGraphql } from './graphql.ts';
import { forbiddenBy, operationsOn } from './guardrails.ts';
import { actsForAnother } from './impersonation.ts';
import { namesOther } from './other-repositories.ts';
import { accessTo, isRepositoryName, notGranted } from './repository.ts';
import { mayHoldSecrets } from './secret-reads.ts';

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const WRITES = { github: GITHUB_WRITES, gitea: GITEA_WRITES, gitlab: GITLAB_WRITES } as const;

/** What may be read although it belongs to no repository: who the agent is, and facts about the forge itself. */
const FACTS =
  /^\/(?:|user|rate_limit|meta|emojis|versions?|licenses(?:\/[\w.-]+)?|gitignore\/templates(?:\/[\w.-]+)?|settings\/api|nodeinfo|metadata|api\/v4\/metadata)$/;

export interface ApiGrants {
  /** Those whose forge and connection the request uses. */
  readonly grants: readonly RepositoryGrant[];
  /** Those of the organization. They win over every grant. */
  readonly guardrails: readonly RepositoryGuardrail[];
  /** The repository of a GraphQL id, as earlier answers of this forge showed it. Null when it is not known. */
  readonly repositoryOfId: (id: string) => string | null;
}

/**
 * Judges a request to a forge's API, so that no way through the API is wider than the grants. Reads are allowed below a
 * granted repository. Writes are allowed when a table lists them, and their bodies are judged by field.
 *
 * @example
 *   judgeForgeApi({ forge, method: 'PUT', path: '/repos/acme/shop/pulls/7/merge', query: '', body: {} }, granted)
 *   // { isAllowed: false, reason: 'PUT /pulls/7/merge of acme/shop is not among …', repository: 'acme/shop' }
 */
export function judgeForgeApi(request: ApiRequest, granted: ApiGrants): ApiVerdict {
  const judged = judgeByGrants(request, granted);
  if (!judged.isAllowed) return judged;
  for (const { repository, ref, operations } of judged.acts) {
    const forbidden = forbiddenBy(granted.guardrails, repository, operationsOn(ref, operations));
    if (forbidden) return { ...denied(forbidden.reason, repository), guardrail: forbidden.guardrail };
  }
  return judged.call;
}

function judgeByGrants(request: ApiRequest, granted: ApiGrants): JudgedCall {
  const { grants } = granted;
  const { forge, method, path, query } = request;
  const another = actsForAnother(query);
  if (another) return denied(another);
  if (forge.kind === 'github' && path === '/graphql') return judgeGraphql(request, granted);
  const place = repositoryOf(request);
  if (place === 'ambiguous') {
    return denied('Name the repository by its owner and name in the path. Ids and other spellings are refused.');
  }
  const isRead = READS.has(method);
  if (place === null) {
    if (isRead && FACTS.test(path)) {
      return { isAllowed: true, call: { isAllowed: true, operation: 'read', repository: null, ref: null }, acts: [] };
    }
    return denied(`${method} ${path.slice(0, 100)} belongs to no granted repository.`);
  }
  const access = accessTo(place.repository, grants);
  if (!access) return denied(notGranted(place.repository), place.repository);
  if (isRead) {
    const other = namesOther(place.repository, place.rest, query);
    if (other) return denied(other, place.repository);
    if (!mayHoldSecrets(forge.kind, place.rest)) return allowed(place.repository, 'read', null);
    return denied(
      `${place.rest.slice(0, 100)} of ${place.repository} may hold secrets. Nobody reads it here.`,
      place.repository,
    );
  }

  const found = ruleFor(WRITES[forge.kind], method, place.rest);
  if (!found) {
    return denied(
      `${method} ${place.rest.slice(0, 100) || '/'} of ${place.repository} is not among what a thread may do.`,
      place.repository,
    );
  }
  const { rule, parts } = found;
  const isGranted = rule.needs === 'write' ? access.mayWrite : access.mayPropose;
  if (!isGranted) return denied(`${place.repository} is not granted with access "${rule.needs}".`, place.repository);
  if (query !== '') return denied('What is written is named in the body, not in the query.', place.repository);
  const body = request.body ?? {};
  const unknown = Object.keys(body).find((field) => !rule.fields.includes(field));
  if (unknown !== undefined) {
    return denied(
      `The field "${unknown.slice(0, 100)}" is refused. Possible are: ${rule.fields.join(', ')}.`,
      place.repository,
    );
  }
  const write = { repository: place.repository, kind: forge.kind, body, parts, branches: access.branches };
  const checked: Checked = rule.check?.(write) ?? { ref: null };
  if ('refused' in checked) return denied(checked.refused, place.repository);
  return allowed(place.repository, checked.operation ?? rule.operation, checked.ref, rule.also);
}

function allowed(repository: string, operation: string, ref: string | null, also: readonly string[] = []): JudgedCall {
  return {
    isAllowed: true,
    call: { isAllowed: true, operation, repository, ref },
    acts: [{ repository, operations: [operation, ...also], ref }],
  };
}

function ruleFor(rules: readonly WriteRule[], method: string, path: string) {
  for (const rule of rules) {
    const parts = rule.method === method ? matchPath(rule.path, path) : null;
    if (parts) return { rule, parts };
  }
  return null;
}

interface Place {
  readonly repository: string;
  /** The path below the repository, empty or beginning with a slash. */
  readonly rest: string;
}

/** The repository that a path names. Null when it names none, `ambiguous` when the forge might find one in it. */
function repositoryOf({ forge, path }: ApiRequest): Place | null | 'ambiguous' {
  const segments = path.split('/').slice(1);
  if (forge.kind === 'gitlab') {
    if (segments[0] !== 'projects') return null;
    const name = (segments[1] ?? '').replaceAll('%2F', '/');
    return placeOf(name, segments.slice(2), forge.kind);
  }
  if (segments[0] !== 'repos') return null;
  return placeOf(segments.slice(1, 3).join('/'), segments.slice(3), forge.kind);
}

function placeOf(name: string, rest: readonly string[], kind: ApiRequest['forge']['kind']): Place | 'ambiguous' {
  // Some APIs ignore `.git` behind a name. It is refused, so that one repository has one name.
  if (!isRepositoryName(name, kind) || /\.git$/i.test(name)) return 'ambiguous';
  return { repository: name, rest: rest.map((segment) => `/${segment}`).join('') };
}
