import { type GitOperation, judgeGit } from '../../access/forge/judge-git.ts';
import {
  attachToGit,
  type Content,
  type ForgeRequest,
  holds,
  refusedGit,
  withBody,
  withPlainAnswer,
} from './content.ts';
import { readJson } from './json-content.ts';
import { withoutForgeCredentials } from './lfs-answer.ts';

const FIELDS: readonly string[] = ['operation', 'transfers', 'ref', 'objects', 'hash_algo'];
const MAX_ANSWER = 4 * 1024 * 1024;

/**
 * Judges a batch request of Git LFS (git-lfs/docs/api/batch.md). Its answer is read, because forges put credentials in
 * it. @throws Refusal `git_refused`
 */
export async function judgeLfsBatch(request: ForgeRequest, repository: string): Promise<Content> {
  const { head, body, forge, grants, guardrails, exchange } = request;
  const read = await readJson(head, body);
  if ('refused' in read) throw refusedGit(request, { reason: read.refused });
  const unknown = Object.keys(read.json ?? {}).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw refusedGit(request, { reason: 'The batch has a field that Git LFS does not have.' });
  const kind = read.json?.operation;
  if (kind !== 'download' && kind !== 'upload') throw refusedGit(request, { reason: 'The batch has no operation.' });
  exchange.work = { repository, operation: `lfs-${kind}`, ref: null, pullRequest: null };
  const operation: GitOperation =
    kind === 'download' ? { kind: 'fetch', repository } : { kind: 'push', repository, changes: [] };
  const verdict = judgeGit(operation, grants, guardrails);
  if (!verdict.isAllowed) throw refusedGit(request, verdict);
  return {
    head: withPlainAnswer(withBody(head, read.body)),
    body: read.body,
    answer: {
      maxBytes: MAX_ANSWER,
      isWanted: (status) => status >= 200 && status < 300,
      read: (answer) => withoutForgeCredentials(answer, forge.forge.gitHost),
      mayPassUnread: false,
    },
    attach: attachToGit(forge),
    stillHolds: holds(forge, operation),
  };
}
