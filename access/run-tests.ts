/** The tests of an access file: what an administrator expects of requests, pushes and calls of tools, compared with how they are decided. */
import type { Outcome } from '../contracts/egress.ts';
import type { FileTest } from './access-file.ts';
import { withPatterns } from './channel-patterns.ts';
import { decide } from './decide.ts';
import type { EffectiveAccess } from './decision.ts';
import type { AccessDocument } from './document.ts';
import { indexAccess } from './effective-access.ts';
import { judgeGit } from './forge/judge-git.ts';
import { refusedByGrants } from './forge/outlook.ts';
import { judgeToolCall } from './mcp/judge-tool.ts';
import type { FileProblem } from './parse-file/problem.ts';
import { requestOfUrl } from './request-of-url.ts';
import type { ResolvedTest } from './resolve-file.ts';

export interface TestResult {
  readonly line: number;
  /** `POST https://crm.example/v1/notes from #support` */
  readonly what: string;
  /** `blocked`, `injected by crm` */
  readonly expected: string;
  readonly passed: boolean;
  /** How it was decided, in words. */
  readonly reason: string;
}

/** Runs every test against a document. A request that the proxy would refuse as malformed counts as blocked. */
export function runTests(tests: readonly ResolvedTest[], document: AccessDocument): TestResult[] {
  const index = indexAccess(withPatterns(document));
  return tests.map(({ test, scope }) => {
    const { outcome, by, reason } = ask(test, index.forAnybody(scope));
    const { expect, line } = test;
    const fits = expect.outcome === outcome || (expect.outcome === 'allowed' && outcome !== 'blocked');
    return {
      line,
      what: `${whatOf(test)} from ${test.from.text}`,
      expected: expect.by === null ? expect.outcome : `${expect.outcome} by ${expect.by}`,
      passed: fits && (expect.by === null || expect.by === by),
      reason,
    };
  });
}

/** Tests that failed, as problems of the file. */
export function testProblems(results: readonly TestResult[]): FileProblem[] {
  return results
    .filter(({ passed }) => !passed)
    .map(({ line, what, expected, reason }) => ({
      line,
      field: 'tests',
      message: `${what} should be ${expected}: ${reason}`,
    }));
}

interface Answer {
  readonly outcome: Outcome;
  /** The connection, domain entry or guardrail that decided. */
  readonly by: string | null;
  readonly reason: string;
}

function ask({ asks }: FileTest, access: EffectiveAccess): Answer {
  switch (asks.kind) {
    case 'request':
      return askRequest(asks.method, asks.url, access);
    case 'push':
      return askPush(asks.repository, asks.branch, access);
    case 'tool': {
      const decision = judgeToolCall(asks, access);
      const { reason } = decision;
      if (decision.outcome === 'blocked') return { outcome: 'blocked', by: decision.rule, reason };
      // One in the sandbox has no credential.
      return { outcome: decision.server === null ? 'forwarded' : 'injected', by: asks.server, reason };
    }
  }
}

function askRequest(method: string, url: string, access: EffectiveAccess): Answer {
  try {
    const request = requestOfUrl(method, url);
    const decision = decide(request, access);
    const refused = refusedByGrants(request, decision, access);
    if (refused) return { outcome: 'blocked', by: refused.guardrail, reason: refused.reason };
    const { outcome, reason } = decision;
    if (outcome === 'blocked') return { outcome, by: decision.rule, reason };
    const { rule } = decision;
    return { outcome, by: rule.from === 'connection' ? rule.connection.id : rule.match.id, reason };
  } catch (error) {
    return { outcome: 'blocked', by: null, reason: (error as Error).message };
  }
}

/** A push that adds commits to one branch. Grants with the connection of the first one that covers it decide together. */
function askPush(repository: string, branch: string, access: EffectiveAccess): Answer {
  if (!access.enabled) return { outcome: 'blocked', by: null, reason: 'The agent is switched off here.' };
  const grants = access.repositories.map(({ grant }) => grant);
  const changes = [{ ref: `refs/heads/${branch}`, change: 'advance' } as const];
  const judge = (some: typeof grants) =>
    judgeGit({ kind: 'push', repository, changes }, some, access.repositoryGuardrails);
  const verdict = judge(grants);
  if (!verdict.isAllowed) return { outcome: 'blocked', by: verdict.guardrail, reason: verdict.reason };
  const by = grants.find((grant) => judge([grant]).isAllowed)?.connection ?? null;
  return {
    outcome: 'injected',
    by,
    reason: `A push to ${branch} of ${repository} is granted${by ? ` with ${by}` : ''}.`,
  };
}

function whatOf({ asks }: FileTest): string {
  if (asks.kind === 'tool') return `a call of ${asks.server}.${asks.tool}`;
  return asks.kind === 'request' ? `${asks.method} ${asks.url}` : `a push to ${asks.branch} of ${asks.repository}`;
}
