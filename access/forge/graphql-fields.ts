import type { RepositoryOperation } from '../document.ts';

/**
 * GitHub's GraphQL API is one graph: from a repository a query can walk to its owner and from there to every other
 * repository that the token sees. So only fields that are listed here may be asked for. They are those that `gh` uses.
 */

/** Fields that stay inside the repository. What is below them is judged by the same lists. */
const INSIDE = `
  __typename abbreviatedOid additions allowUpdateBranch authorAssociation dueOn requiredApprovingReviewCount requiresStrictStatusChecks authoredDate
  autoMergeRequest baseRef baseRefName baseRefOid bodyHTML bodyText body branchProtectionRule branchProtectionRules
  changedFiles checkSuite checkSuites checkRuns changeType closed closedAt
  color comment commentEdge comments commit commitUrl committedDate commits completedAt conclusion content
  contexts checkRunCount checkRunCountsByState count createdAt cursor databaseId date
  defaultBranchRef deleteBranchOnMerge deletions description detailsUrl diffHunk diffSide edges email endCursor event files
  forkCount fullDatabaseId gitObject hasDiscussionsEnabled hasIssuesEnabled hasNextPage hasPreviousPage hasProjectsEnabled
  hasWikiEnabled headRef headRefName headRefOid history homepageUrl id includesCreatedEdit isArchived isBinary
  isCrossRepository isDefault isDraft isEmpty isFork isInOrganization isMinimized isPinned isPrerelease isPrivate isRequired
  isResolved isSecurityPolicyEnabled isTemplate issue issueOrPullRequest issueTemplates issues label labels languages
  latestRelease latestReviews licenseInfo line locked maintainerCanModify mergeCommit mergeCommitAllowed mergeStateStatus
  mergeable merged mergedAt message messageBody messageHeadline milestone milestones minimizedReason name nameWithOwner
  node nodes number object oid openGraphImageUrl originalLine pageInfo parents path permalink position potentialMergeCommit
  prefix primaryLanguage publishedAt pullRequest pullRequestTemplates pullRequests pushedAt reactionGroups reactions
  rebaseMergeAllowed ref refs release releases resourcePath reviewDecision reviewRequests reviewThreads
  reviews signature size spdxId squashMergeAllowed stargazerCount startCursor startedAt startLine state stateReason status
  statusCheckRollup statusContextCount statusContextCountsByState submittedAt tag tagName target targetUrl text title
  totalCount tree updatedAt url viewerCanAdminister viewerCanReact viewerCanUpdate viewerDefaultCommitEmail
  viewerDefaultMergeMethod subject viewerDidAuthor viewerHasReacted viewerPermission visibility workflow workflowRun context
  isLatest isAnswered key filename entries mode type byteSize blob
`;

/** Fields that lead to a person, or to another repository. Only what names it may be asked for below them. */
const NAMING = `
  assignedActors assignees authors closedByPullRequestsReferences closingIssuesReferences committer requestedReviewer
  actor assignee author projectCards projectItems creator editor headRepository headRepositoryOwner mergedBy enabledBy owner parent repository
  requestedBy user users templateRepository app
`;

/** What names a person or a repository. None of it is content, because an ungranted repository may be named. */
const NAMES = `
  __typename avatarUrl databaseId date defaultBranchRef edges email endCursor hasNextPage pageInfo hasIssuesEnabled hasWikiEnabled id isBot
  isFork isPrivate login name nameWithOwner node nodes number organization owner project column repository resourcePath slug totalCount url
  user viewerPermission
`;

function words(text: string): ReadonlySet<string> {
  return new Set(text.split(/\s+/).filter(Boolean));
}

export const FIELDS = { inside: words(INSIDE), naming: words(NAMING) } as const;

const NAMES_BELOW = {
  most: words(NAMES),
  // `gh` asks for the description of the repository that a fork comes from, and for titles of projects.
  parent: words(`${NAMES} description`),
  project: words(`${NAMES} title`),
} as const;

/** What may be asked for below a field that leads to a person or another repository. */
export function namesBelow(field: string): ReadonlySet<string> {
  if (field === 'parent') return NAMES_BELOW.parent;
  return field === 'projectItems' || field === 'projectCards' ? NAMES_BELOW.project : NAMES_BELOW.most;
}

/** Arguments that page or order what a field has anyway. */
export const HARMLESS_ARGUMENTS = words('first last after before orderBy size includeArchived archivedStates');

/** What may be asked about the agent itself. */
export const VIEWER_FIELDS = words('__typename id login name email databaseId url avatarUrl');

/** Labels and assignees are alike on issues and pull requests. */
const MAY_BE_PULL_REQUEST = ['edit-pull-request'] as const;

/**
 * Mutations that a thread may use, with the fields that their input may have. Targets are ids. An id names no
 * repository, so it is accepted only when an earlier answer showed to which granted repository it belongs.
 */
export const MUTATIONS: Readonly<Record<string, MutationRule>> = {
  createPullRequest: {
    operation: 'open-pull-request',
    targets: ['repositoryId', 'headRepositoryId'],
    fields: ['title', 'body', 'baseRefName', 'headRefName', 'draft', 'maintainerCanModify'],
  },
  updatePullRequest: {
    operation: 'edit-pull-request',
    targets: ['pullRequestId'],
    fields: ['title', 'body', 'state', 'assigneeIds', 'labelIds', 'milestoneId'],
  },
  addComment: { operation: 'comment', targets: ['subjectId'], fields: ['body'] },
  addPullRequestReviewThreadReply: { operation: 'comment', targets: ['pullRequestReviewThreadId'], fields: ['body'] },
  addLabelsToLabelable: {
    operation: 'edit-issue',
    targets: ['labelableId'],
    fields: ['labelIds'],
    also: MAY_BE_PULL_REQUEST,
  },
  addAssigneesToAssignable: {
    operation: 'edit-issue',
    targets: ['assignableId'],
    fields: ['assigneeIds'],
    also: MAY_BE_PULL_REQUEST,
  },
  addReaction: { operation: 'comment', targets: ['subjectId'], fields: ['content'] },
  createIssue: {
    operation: 'open-issue',
    targets: ['repositoryId'],
    fields: ['title', 'body', 'assigneeIds', 'labelIds', 'milestoneId'],
  },
  closePullRequest: { operation: 'edit-pull-request', targets: ['pullRequestId'], fields: [] },
  reopenPullRequest: { operation: 'edit-pull-request', targets: ['pullRequestId'], fields: [] },
  reopenIssue: { operation: 'edit-issue', targets: ['issueId'], fields: [] },
  closeIssue: { operation: 'edit-issue', targets: ['issueId'], fields: ['stateReason'] },
  requestReviews: {
    operation: 'edit-pull-request',
    targets: ['pullRequestId'],
    fields: ['userIds', 'teamIds', 'union'],
  },
};

export interface MutationRule {
  readonly operation: RepositoryOperation;
  /** What it may be besides. */
  readonly also?: readonly RepositoryOperation[];
  /** Fields with ids. All that are given must belong to one granted repository. */
  readonly targets: readonly string[];
  readonly fields: readonly string[];
}
