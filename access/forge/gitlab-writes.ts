import type { Checked, JudgedWrite, WriteRule } from './api-request.ts';
import { allOf, onlyValues, opensDraft, staysDraft, withoutQuickActions, writesBranch } from './write-checks.ts';

const DRAFT = /^(?:Draft:|\[Draft\]|\(Draft\))/i;
const TEXT = withoutQuickActions('body', 'description');

/** What the REST API of GitLab lets a thread change, below `/projects/{group%2Fname}`. Everything else is refused. */
export const GITLAB_WRITES: readonly WriteRule[] = [
  {
    method: 'POST',
    path: '/merge_requests',
    needs: 'propose',
    operation: 'open-pull-request',
    fields: [
      'source_branch',
      'target_branch',
      'title',
      'description',
      'labels',
      'assignee_ids',
      'reviewer_ids',
      'remove_source_branch',
      'squash',
    ],
    check: allOf(opensDraft('source_branch', DRAFT), TEXT),
  },
  {
    method: 'PUT',
    path: '/merge_requests/{}',
    needs: 'propose',
    operation: 'edit-pull-request',
    fields: ['title', 'description', 'state_event', 'labels', 'assignee_ids', 'reviewer_ids'],
    check: allOf(staysDraft(DRAFT), onlyValues('state_event', ['close', 'reopen']), TEXT),
  },
  ...['/merge_requests/{}/notes', '/issues/{}/notes', '/merge_requests/{}/discussions/{}/notes'].map(comment),
  ...['/merge_requests/{}/discussions', '/issues/{}/discussions'].map(comment),
  {
    method: 'POST',
    path: '/issues',
    needs: 'propose',
    operation: 'open-issue',
    fields: ['title', 'description', 'labels', 'assignee_ids', 'milestone_id'],
    check: TEXT,
  },
  {
    method: 'PUT',
    path: '/issues/{}',
    needs: 'propose',
    operation: 'edit-issue',
    fields: ['state_event', 'labels', 'assignee_ids', 'milestone_id'],
    check: onlyValues('state_event', ['close', 'reopen']),
  },
  {
    method: 'POST',
    path: '/repository/branches',
    needs: 'propose',
    operation: 'create-branch',
    fields: ['branch', 'ref'],
    check: writesBranch('branch'),
  },
  {
    method: 'POST',
    path: '/repository/commits',
    needs: 'propose',
    operation: 'push',
    // No `force` and no `start_project`.
    fields: ['branch', 'commit_message', 'actions', 'start_branch', 'start_sha', 'author_name', 'author_email'],
    check: commits,
  },
  ...(['POST', 'PUT', 'DELETE'] as const).map(
    (method): WriteRule => ({
      method,
      path: '/repository/files/{}',
      needs: 'propose',
      operation: 'push',
      fields: ['branch', 'commit_message', 'content', 'encoding', 'author_name', 'author_email', 'last_commit_id'],
      check: writesBranch('branch'),
    }),
  ),
];

function comment(path: string): WriteRule {
  return { method: 'POST', path, needs: 'propose', operation: 'comment', fields: ['body'], check: TEXT };
}

/** With a start, a commit makes a new branch. Without `force`, GitLab refuses one for a branch that is there. */
function commits(write: JudgedWrite): Checked {
  const starts = [write.body.start_branch, write.body.start_sha].filter((each) => each !== undefined);
  if (starts.length > 1) return { refused: 'Name "start_branch" or "start_sha", not both.' };
  const checked = writesBranch('branch')(write);
  return starts.length === 0 || 'refused' in checked ? checked : { ...checked, operation: 'create-branch' };
}
