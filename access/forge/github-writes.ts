import type { WriteRule } from './api-request.ts';
import { allOf, onlyValues, opensDraft, staysDraft, writesBranch, writesRefInPath } from './write-checks.ts';

/** Begins the title of a draft on Gitea and Forgejo, as they are shipped. */
const GITEA_DRAFT = /^(?:WIP:|\[WIP\])/i;

/** A pull request is also the issue of its number. */
const MAY_BE_PULL_REQUEST = ['edit-pull-request'] as const;

/**
 * What the REST API of GitHub lets a thread change, below `/repos/{owner}/{repo}`. Everything else is refused: merges,
 * releases, tags, settings, hooks, keys, collaborators, workflows, secrets, statuses, and every DELETE but of a file.
 */
export const GITHUB_WRITES: readonly WriteRule[] = [
  {
    method: 'POST',
    path: '/pulls',
    needs: 'propose',
    operation: 'open-pull-request',
    fields: ['title', 'body', 'head', 'base', 'draft', 'maintainer_can_modify', 'issue'],
    check: allOf(opensDraft('head', null), onlyValues('maintainer_can_modify', [true, false])),
  },
  {
    method: 'PATCH',
    path: '/pulls/{}',
    needs: 'propose',
    operation: 'edit-pull-request',
    fields: ['title', 'body', 'state'],
    check: onlyValues('state', ['open', 'closed']),
  },
  ...commonProposals(['COMMENT', 'REQUEST_CHANGES']),
  {
    method: 'POST',
    path: '/pulls/{}/comments',
    needs: 'propose',
    operation: 'comment',
    fields: [
      'body',
      'commit_id',
      'path',
      'line',
      'side',
      'start_line',
      'start_side',
      'in_reply_to',
      'subject_type',
      'position',
    ],
  },
  { method: 'POST', path: '/pulls/{}/comments/{}/replies', needs: 'propose', operation: 'comment', fields: ['body'] },
  { method: 'POST', path: '/git/blobs', needs: 'write', operation: 'write-object', fields: ['content', 'encoding'] },
  { method: 'POST', path: '/git/trees', needs: 'write', operation: 'write-object', fields: ['base_tree', 'tree'] },
  {
    method: 'POST',
    path: '/git/commits',
    needs: 'write',
    operation: 'write-object',
    fields: ['message', 'tree', 'parents', 'author', 'committer', 'signature'],
  },
  {
    method: 'POST',
    path: '/git/refs',
    needs: 'propose',
    operation: 'create-branch',
    fields: ['ref', 'sha'],
    check: writesBranch('ref', true),
  },
  {
    method: 'PATCH',
    path: '/git/refs/{**}',
    needs: 'propose',
    operation: 'push',
    fields: ['sha', 'force'],
    check: allOf(writesRefInPath, onlyValues('force', [false])),
  },
  ...(['PUT', 'DELETE'] as const).map(
    (method): WriteRule => ({
      method,
      path: '/contents/{**}',
      needs: 'propose',
      operation: 'push',
      fields: ['message', 'content', 'sha', 'branch', 'committer', 'author'],
      check: writesBranch('branch'),
    }),
  ),
  {
    method: 'POST',
    path: '/merges',
    needs: 'write',
    operation: 'merge',
    fields: ['base', 'head', 'commit_message'],
    check: writesBranch('base'),
  },
];

/** The same for Gitea and Forgejo, below `/repos/{owner}/{repo}`. A draft is told by its title there. */
export const GITEA_WRITES: readonly WriteRule[] = [
  {
    method: 'POST',
    path: '/pulls',
    needs: 'propose',
    operation: 'open-pull-request',
    fields: ['title', 'body', 'head', 'base', 'assignee', 'assignees', 'labels', 'milestone'],
    check: opensDraft('head', GITEA_DRAFT),
  },
  {
    method: 'PATCH',
    path: '/pulls/{}',
    needs: 'propose',
    operation: 'edit-pull-request',
    fields: ['title', 'body', 'state'],
    check: allOf(staysDraft(GITEA_DRAFT), onlyValues('state', ['open', 'closed'])),
  },
  ...commonProposals(['COMMENT', 'REQUEST_CHANGES', 'PENDING']),
  {
    method: 'POST',
    path: '/branches',
    needs: 'propose',
    operation: 'create-branch',
    fields: ['new_branch_name', 'old_branch_name', 'old_ref_name'],
    check: writesBranch('new_branch_name'),
  },
  ...(['POST', 'PUT', 'DELETE'] as const).map(
    (method): WriteRule => ({
      method,
      path: '/contents/{**}',
      needs: 'propose',
      operation: 'push',
      // No `new_branch`: Gitea would write there instead of into `branch`.
      fields: ['message', 'content', 'sha', 'branch', 'committer', 'author', 'dates', 'signoff', 'from_path'],
      check: writesBranch('branch'),
    }),
  ),
];

/** Issues, comments and reviews, which GitHub and Gitea have alike. An approval is not among them. */
function commonProposals(reviews: readonly string[]): WriteRule[] {
  return [
    {
      method: 'POST',
      path: '/issues',
      needs: 'propose',
      operation: 'open-issue',
      fields: ['title', 'body', 'labels', 'assignees', 'milestone', 'type', 'ref', 'due_date'],
    },
    {
      method: 'PATCH',
      path: '/issues/{}',
      needs: 'propose',
      operation: 'edit-issue',
      also: MAY_BE_PULL_REQUEST,
      fields: ['state', 'state_reason', 'labels', 'assignees', 'milestone'],
      check: onlyValues('state', ['open', 'closed']),
    },
    { method: 'POST', path: '/issues/{}/comments', needs: 'propose', operation: 'comment', fields: ['body'] },
    {
      method: 'POST',
      path: '/issues/{}/labels',
      needs: 'propose',
      operation: 'edit-issue',
      also: MAY_BE_PULL_REQUEST,
      fields: ['labels'],
    },
    {
      method: 'POST',
      path: '/issues/{}/assignees',
      needs: 'propose',
      operation: 'edit-issue',
      also: MAY_BE_PULL_REQUEST,
      fields: ['assignees'],
    },
    { method: 'POST', path: '/issues/{}/reactions', needs: 'propose', operation: 'comment', fields: ['content'] },
    {
      method: 'POST',
      path: '/issues/comments/{}/reactions',
      needs: 'propose',
      operation: 'comment',
      fields: ['content'],
    },
    {
      method: 'POST',
      path: '/pulls/{}/requested_reviewers',
      needs: 'propose',
      operation: 'edit-pull-request',
      fields: ['reviewers', 'team_reviewers'],
    },
    {
      method: 'POST',
      path: '/pulls/{}/reviews',
      needs: 'propose',
      operation: 'review',
      fields: ['body', 'event', 'comments', 'commit_id'],
      check: onlyValues('event', reviews),
    },
  ];
}
