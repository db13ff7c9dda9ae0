import { actsForAnother } from '../../access/forge/impersonation.ts';
import type { GitOperation } from '../../access/forge/judge-git.ts';
import { judgeGit } from '../../access/forge/judge-git.ts';
import { accessTo, notGranted } from '../../access/forge/repository.ts';
import { headerKey } from '../../access/header-names.ts';
import { ruleId } from '../../access/rule-match.ts';
import { Refusal } from '../refusal.ts';
import { type ApiGate, createApiGate } from './api-gate.ts';
import { createCommitMemory } from './commit-memory.ts';
import {
  attachToGit,
  type Content,
  type ContentRequest,
  type ForgeRequest,
  grantsOf,
  holds,
  refusedGit,
  withoutGrant,
} from './content.ts';
import { endpointOf, type ForgeEndpoint, type GitEndpointKind } from './endpoint.ts';
import { judgeLfsBatch } from './lfs-gate.ts';
import { judgePush } from './push-gate.ts';

export interface ForgeGate {
  /** @throws Refusal `repository_not_granted`, `git_refused`, `api_refused` */
  judge(request: ContentRequest): Promise<Content>;
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** The judges that remember something. */
interface Judges {
  readonly api: ApiGate;
  readonly push: (request: ForgeRequest, repository: string) => Promise<Content>;
}

/**
 * Judges what a request asks of a forge: operations of git by their protocol, and calls of its API by path and body. It
 * stands behind `decide`, which has allowed the host already. Requests with other connections pass unchanged.
 */
export function createForgeGate(): ForgeGate {
  const memory = createCommitMemory();
  const judges: Judges = {
    api: createApiGate(),
    push: (request, repository) => judgePush(request, repository, memory),
  };

  return {
    async judge(request) {
      const { head, decision, access, exchange, target } = request;
      const connection = decision.outcome === 'injected' ? decision.rule.connection.id : null;
      const forges = access.forges.filter((each) => each.connection === connection);
      const { authority, path, query } = target;
      for (const [index, forge] of forges.entries()) {
        const endpoint = endpointOf({ method: exchange.method, ...authority, path, query }, forge.forge);
        const isLast = index === forges.length - 1;
        if (endpoint.kind === 'unknown' && !isLast) continue;
        const found = { ...request, forge, grants: grantsOf(access, forge), guardrails: access.repositoryGuardrails };
        return judgeEndpoint(found, endpoint, judges);
      }
      const stillHolds: Content['stillHolds'] = (later) => !later.forges.some((each) => each.connection === connection);
      return { head, body: null, answer: null, attach: (injection) => injection, stillHolds };
    },
  };
}

async function judgeEndpoint(request: ForgeRequest, endpoint: ForgeEndpoint, judges: Judges): Promise<Content> {
  const { exchange, decision, head, target } = request;
  const rule = ruleId(decision.rule);
  const another = actsForAnother(
    target.query,
    head.headers.map(([name]) => headerKey(name)),
  );
  if (another && endpoint.kind === 'api') throw new Refusal('api_refused', another, { rule });
  if (another) throw new Refusal('git_refused', another, { rule, isText: true });
  if (READS.has(exchange.method) && hasBody(head)) throw bodyRefused(endpoint, rule);
  switch (endpoint.kind) {
    case 'unknown': {
      const why = `${exchange.method} ${exchange.path} is refused. ${endpoint.reason}${withoutGrant(request)}`;
      throw new Refusal('git_refused', why, { rule, isText: true });
    }
    case 'api':
      return judges.api.judge(request, endpoint.path);
    default:
      return judgeGitEndpoint(request, endpoint.kind, endpoint.repository, judges);
  }
}

/** Some forges read a form in the body of a GET like its query, which is what was judged. */
function bodyRefused({ kind }: ForgeEndpoint, rule: string): Refusal {
  const why = 'What is read has no body: name it in the path and the query.';
  return kind === 'api'
    ? new Refusal('api_refused', why, { rule })
    : new Refusal('git_refused', why, { rule, isText: true });
}

function hasBody({ framing }: ForgeRequest['head']): boolean {
  return framing.kind === 'chunked' || (framing.kind === 'length' && framing.length > 0);
}

async function judgeGitEndpoint(
  request: ForgeRequest,
  kind: GitEndpointKind,
  repository: string,
  judges: Judges,
): Promise<Content> {
  const { exchange, grants, decision } = request;
  const rule = ruleId(decision.rule);
  exchange.work = { repository, operation: kind, ref: null, pullRequest: null };
  if (!accessTo(repository, grants)) {
    throw new Refusal('repository_not_granted', notGranted(repository) + withoutGrant(request), { rule, isText: true });
  }
  if (kind === 'push') return judges.push(request, repository);
  if (kind === 'lfs-batch') return judgeLfsBatch(request, repository);
  return judgeSimple(request, OPERATIONS[kind](repository));
}

const OPERATIONS: Readonly<
  Record<Exclude<GitEndpointKind, 'push' | 'lfs-batch'>, (repository: string) => GitOperation>
> = {
  fetch: (repository) => ({ kind: 'fetch', repository }),
  download: (repository) => ({ kind: 'fetch', repository }),
  'lfs-download': (repository) => ({ kind: 'fetch', repository }),
  'lfs-locks': (repository) => ({ kind: 'fetch', repository }),
  'advertise-push': (repository) => ({ kind: 'push', repository, changes: [] }),
  'lfs-upload': (repository) => ({ kind: 'push', repository, changes: [] }),
  'lfs-lock': (repository) => ({ kind: 'lock', repository }),
};

/** An operation that its path alone says. Its body is streamed. */
function judgeSimple(request: ForgeRequest, operation: GitOperation): Content {
  const { head, forge, grants, guardrails } = request;
  const verdict = judgeGit(operation, grants, guardrails);
  if (!verdict.isAllowed) throw refusedGit(request, verdict);
  return { head, body: null, answer: null, attach: attachToGit(forge), stillHolds: holds(forge, operation) };
}
