import type { RepositoryGrant, RepositoryGuardrail } from '../document.ts';
import { forbiddenBy, operationsOn } from './guardrails.ts';
import { isRefName, matchesRef, PROPOSED_BRANCHES, shortRef } from './ref-names.ts';
import { accessTo, notGranted, type RepositoryAccess } from './repository.ts';

/** What a request of git asks for, as far as it is judged. */
export type GitOperation =
  /** Clone, fetch, `ls-remote`, and downloads of files and archives. */
  | { readonly kind: 'fetch'; readonly repository: string }
  /** A push. Without changes it asks whether pushing is possible, as git does first, or brings objects of Git LFS. */
  | { readonly kind: 'push'; readonly repository: string; readonly changes: readonly RefChange[] }
  /** A Git LFS lock concerns every branch. */
  | { readonly kind: 'lock'; readonly repository: string };

export interface RefChange {
  /** The whole name: `refs/heads/main`. */
  readonly ref: string;
  /** `advance` is shown to add commits only. `replace` is every other change of a ref that is there. */
  readonly change: 'create' | 'advance' | 'replace' | 'delete';
}

export type GitVerdict =
  | { readonly isAllowed: true }
  | {
      readonly isAllowed: false;
      /** A sentence for people. */
      readonly reason: string;
      /** Why single refs are refused. Empty when the push as such is refused. One refused ref refuses the whole push. */
      readonly refs: ReadonlyMap<string, string>;
      /** The guardrail that forbids it. Null when the grants do not allow it. */
      readonly guardrail: string | null;
    };

/**
 * Judges one operation of git.
 *
 * @param grants those whose forge and connection the request uses
 * @param guardrails those of the organization. They win over every grant.
 * @example
 *   judgeGit({ kind: 'push', repository: 'acme/shop', changes: [{ ref: 'refs/heads/main', change: 'advance' }] }, grants, [])
 *   // { isAllowed: false, reason: 'Push to acme/shop is refused: main may not be changed, only bellhop/**.', refs }
 */
export function judgeGit(
  operation: GitOperation,
  grants: readonly RepositoryGrant[],
  guardrails: readonly RepositoryGuardrail[],
): GitVerdict {
  const { repository } = operation;
  const access = accessTo(repository, grants);
  if (!access) return refused(notGranted(repository));
  const forbidden = forbiddenBy(guardrails, repository, operationsOf(operation));
  if (forbidden) return { ...refused(forbidden.reason), guardrail: forbidden.guardrail };
  switch (operation.kind) {
    case 'fetch':
      return { isAllowed: true };
    case 'lock':
      if (access.mayWrite) return { isAllowed: true };
      return refused(`Locks concern every branch of ${repository}, and it is not granted with access "write".`);
    case 'push':
      return judgePush(operation.changes, access);
  }
}

function operationsOf(operation: GitOperation): readonly string[] {
  switch (operation.kind) {
    case 'fetch':
      return ['read'];
    case 'lock':
      return ['push'];
    case 'push':
      // Objects of Git LFS come without a ref, and they are a push all the same.
      return ['push'].concat(
        operation.changes.flatMap(({ ref, change }) =>
          operationsOn(ref, [change === 'create' ? 'create-branch' : 'push']),
        ),
      );
  }
}

function judgePush(changes: readonly RefChange[], access: RepositoryAccess): GitVerdict {
  const { repository } = access;
  if (!access.mayPropose) return refused(`The repository ${repository} is granted for reading only.`);
  const refs = new Map<string, string>();
  for (const change of changes) {
    const problem = problemOf(change, access);
    if (problem) refs.set(change.ref, problem);
  }
  const [first] = refs.values();
  if (first === undefined) return { isAllowed: true };
  const others = refs.size > 1 ? ` (and ${refs.size - 1} more)` : '';
  return { ...refused(`Push to ${repository} is refused: ${first}${others}.`), refs };
}

/** Why one ref may not be changed like this, without a full stop. Null when it may. */
function problemOf({ ref, change }: RefChange, { branches, mayWrite }: RepositoryAccess): string | null {
  if (!isRefName(ref)) return 'a name that is no ref';
  const name = shortRef(ref);
  if (!matchesRef(branches, ref)) {
    const allowed = mayWrite ? branches.join(', ') : PROPOSED_BRANCHES.join(', ');
    if (ref.startsWith('refs/tags/'))
      return `the tag ${name.slice('refs/tags/'.length)} may not be pushed, only ${allowed}`;
    return `${name} may not be changed, only ${allowed}`;
  }
  if (change === 'delete') return `${name} may not be deleted`;
  if (change === 'replace') {
    return `${name} could not be shown to only gain commits, so this counts as a force push (merge instead of rebasing, or push a new branch)`;
  }
  return null;
}

function refused(reason: string): GitVerdict & { isAllowed: false } {
  return { isAllowed: false, reason, refs: new Map(), guardrail: null };
}
