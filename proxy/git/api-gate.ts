import { LRUCache } from 'lru-cache';
import type { ApiRequest } from '../../access/forge/api-request.ts';
import { judgeForgeApi } from '../../access/forge/judge-api.ts';
import { ruleId } from '../../access/rule-match.ts';
import { Refusal } from '../refusal.ts';
import type { HeldAnswer } from '../request/held-answer.ts';
import { type Content, type ForgeRequest, grantsOf, withBody, withoutGrant, withPlainAnswer } from './content.ts';
import { readJson } from './json-content.ts';
import { withoutRunnersToken } from './project-answer.ts';

export interface ApiGate {
  /** @param path without the API's prefix. @throws Refusal `api_refused` */
  judge(request: ForgeRequest, path: string): Promise<Content>;
}

const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const MAX_ANSWER = 1024 * 1024;
/** Ids of GraphQL that are remembered, for all connections together. */
const MAX_IDS = 50_000;
const OPENS_PULL_REQUEST = 'open-pull-request';
/** GitLab's path of a project itself. */
const PROJECT = /^\/projects\/[^/]+\/*$/;
/**
 * GitHub's answers about a repository contain this token for some callers. Its holder can clone the repository for a while, also one
 * that is not granted here, such as a fork. GraphQL requests for it are refused (graphql-fields.ts).
 */
const CLONE_TOKEN = 'temp_clone_token';
const WITHOUT_RUNNERS_TOKEN: HeldAnswer = {
  maxBytes: MAX_ANSWER,
  isWanted: isSuccess,
  read: withoutRunnersToken,
  mayPassUnread: false,
};

/** Judges calls of a forge's API by their path and body. */
export function createApiGate(): ApiGate {
  /** Which repository an id of GraphQL belongs to, as an answer to the same credential showed it: people have connections of one name. */
  const ids = new LRUCache<string, string>({ max: MAX_IDS });

  return {
    async judge(request, path) {
      const { head, body, forge, grants, guardrails, exchange, target, decision } = request;
      const rule = ruleId(decision.rule);
      const { method } = exchange;
      const content = READS.has(method) ? null : await readJson(head, body);
      if (content !== null && 'refused' in content) throw new Refusal('api_refused', content.refused, { rule });
      const asked: ApiRequest = { forge: forge.forge, method, path, query: target.query, body: content?.json ?? null };
      const owner = decision.rule.from === 'connection' ? (decision.rule.connection.owner ?? null) : null;
      const key = (id: string) => JSON.stringify([owner, forge.connection, id]);
      const repositoryOfId = (id: string) => ids.get(key(id)) ?? null;

      const verdict = judgeForgeApi(asked, { grants, guardrails, repositoryOfId });
      const { repository } = verdict;
      if (!verdict.isAllowed) {
        exchange.work = { repository, operation: 'api', ref: null, pullRequest: null };
        const { guardrail } = verdict;
        if (guardrail) throw new Refusal('guardrail', verdict.reason, { rule: guardrail });
        throw new Refusal('api_refused', verdict.reason + withoutGrant(request), { rule });
      }
      const { operation, ref, query, idsIn } = verdict;
      exchange.work = { repository, operation, ref, pullRequest: pullRequestOf(path) };
      const reads: ((answer: unknown) => void)[] = [];
      if (operation.split(' ').includes(OPENS_PULL_REQUEST)) {
        reads.push((answer) => {
          const pullRequest = openedPullRequest(answer);
          if (exchange.work && pullRequest !== null) exchange.work = { ...exchange.work, pullRequest };
        });
      }
      if (idsIn) {
        reads.push((answer) => {
          for (const [id, of] of idsIn(answer)) ids.set(key(id), of);
        });
      }
      const showsProject = forge.forge.kind === 'gitlab' && method === 'GET' && PROJECT.test(path);
      const answer = showsProject ? WITHOUT_RUNNERS_TOKEN : reads.length > 0 ? readBy(reads) : null;
      const rewritten = query === undefined ? null : Buffer.from(JSON.stringify({ ...content?.json, query }));
      const sentBody = rewritten ?? content?.body ?? null;
      const sent = withBody(head, sentBody);
      return {
        head: answer ? withPlainAnswer(sent) : sent,
        body: sentBody,
        answer,
        ...(forge.forge.kind === 'github' && { hiddenMember: CLONE_TOKEN }),
        attach: (injection) => injection,
        stillHolds: (access) =>
          judgeForgeApi(asked, {
            grants: grantsOf(access, forge),
            guardrails: access.repositoryGuardrails,
            repositoryOfId,
          }).isAllowed,
      };
    },
  };
}

/** Lets functions look at a JSON answer, which passes on unchanged. */
function readBy(reads: readonly ((answer: unknown) => void)[]): HeldAnswer {
  return {
    maxBytes: MAX_ANSWER,
    isWanted: isSuccess,
    read(body) {
      try {
        const answer: unknown = JSON.parse(body.toString('utf8'));
        for (const read of reads) read(answer);
      } catch {
        // An answer that is no JSON tells nothing.
      }
      return body;
    },
    mayPassUnread: true,
  };
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function pullRequestOf(path: string): number | null {
  const number = /\/(?:pulls|issues|merge_requests)\/([0-9]{1,9})(?:\/|$)/.exec(path)?.[1];
  return number === undefined ? null : Number(number);
}

/** The number of a new pull request: `number`, GitLab's `iid`, or the end of a `url` in GraphQL. */
function openedPullRequest(answer: unknown): number | null {
  const own = numberIn(answer, 'number') ?? numberIn(answer, 'iid');
  if (own !== null) return own;
  const url = /"url":"[^"]*\/pull\/([0-9]{1,9})"/.exec(JSON.stringify(answer))?.[1];
  return url === undefined ? null : Number(url);
}

function numberIn(value: unknown, name: string): number | null {
  const found = (value as Record<string, unknown> | null)?.[name];
  return Number.isSafeInteger(found) ? (found as number) : null;
}
