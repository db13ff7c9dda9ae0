import { type GitVerdict, judgeGit } from '../../access/forge/judge-git.ts';
import { accessTo } from '../../access/forge/repository.ts';
import type { CommitMemory } from './commit-memory.ts';
import { attachToGit, type Content, encodingsOf, type ForgeRequest, holds, refusedGit, withBody } from './content.ts';
import { readPush } from './push-content.ts';
import { pushReport } from './push-report.ts';

/** How much of a refused push is read and thrown away, so that git gets to reading the answer. */
const MAX_DISCARDED = 512 * 1024 * 1024;
const MAX_REFS_TEXT = 512;
const REPORT_TYPE = 'application/x-git-receive-pack-result';
const SIGNED: GitVerdict = {
  isAllowed: false,
  reason: 'Signed pushes are not carried: push with --no-signed.',
  refs: new Map(),
  guardrail: null,
};

/**
 * Judges a push by its commands, before any of it is sent. One refused ref refuses the whole push. The answer is then a
 * report as the forge would give it, because `git push` shows no other text.
 *
 * @throws Refusal `git_refused`
 */
export async function judgePush(request: ForgeRequest, repository: string, memory: CommitMemory): Promise<Content> {
  const { head, body, forge, grants, guardrails, exchange } = request;
  const mayPush = accessTo(repository, grants)?.mayPropose ?? false;
  const read = await readPush(body, encodingsOf(head), memory, mayPush);
  if ('refused' in read) {
    await body.discard(MAX_DISCARDED);
    throw refusedGit(request, { reason: `The push ${read.refused}.` });
  }
  const { push, changes } = read;
  const refs = changes.map(({ ref }) => ref).join(' ');
  exchange.work = {
    repository,
    operation: 'push',
    ref: refs === '' ? null : refs.slice(0, MAX_REFS_TEXT),
    pullRequest: null,
  };

  const operation = { kind: 'push', repository, changes } as const;
  const verdict = push.isSigned ? SIGNED : judgeGit(operation, grants, guardrails);
  if (!verdict.isAllowed) {
    await body.discard(MAX_DISCARDED);
    const report = pushReport(push, { message: verdict.reason, reasons: verdict.refs });
    throw refusedGit(request, verdict, report && { status: 200, type: REPORT_TYPE, body: report });
  }
  return {
    head: withBody(head, read.body),
    body: read.body,
    answer: null,
    attach: attachToGit(forge),
    stillHolds: holds(forge, operation),
  };
}
