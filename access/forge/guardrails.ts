import type { RepositoryGuardrail, RepositoryOperation } from '../document.ts';

/** Names that default branches usually have. A guardrail holds for all of them, because a push does not say which it is. */
const DEFAULT_BRANCHES: ReadonlySet<string> = new Set(
  ['main', 'master', 'trunk', 'default', 'develop'].map((name) => `refs/heads/${name}`),
);

/** The guardrail that forbids one of these operations in a repository, with a sentence about it. Null when none does. */
export function forbiddenBy(
  guardrails: readonly RepositoryGuardrail[],
  repository: string,
  operations: readonly string[],
): { readonly guardrail: string; readonly reason: string } | null {
  for (const { id, repository: pattern, operations: forbidden, reason } of guardrails) {
    const operation = forbidden.find((each) => operations.includes(each));
    if (operation === undefined || !isCovered(pattern.toLowerCase(), repository.toLowerCase())) continue;
    const why = reason === '' ? '' : ` ${reason.replace(/\.?$/, '.')}`;
    return { guardrail: id, reason: `The organization's guardrail ${id} forbids ${operation} in ${repository}.${why}` };
  }
  return null;
}

/** What an operation also does. A guardrail on that forbids the operation too. */
const CONTAINED: ReadonlyMap<string, readonly RepositoryOperation[]> = new Map([
  ['create-branch', ['push']],
  ['merge', ['push']],
  // Commits, trees and blobs of the API are what a push would bring.
  ['write-object', ['push']],
  ['review', ['comment']],
]);

/** All that operations on a ref are, under every name that a guardrail may use. */
export function operationsOn(ref: string | null, operations: readonly string[]): readonly string[] {
  const isDefault = ref !== null && DEFAULT_BRANCHES.has(ref);
  const more: RepositoryOperation[] = isDefault ? ['push-default-branch', 'push'] : [];
  return [...operations, ...operations.flatMap((each) => CONTAINED.get(each) ?? []), ...more];
}

/** A guardrail forbids, so `owner/*` also covers GitLab's nested groups. */
function isCovered(pattern: string, repository: string): boolean {
  if (pattern === '*' || pattern === repository) return true;
  return pattern.endsWith('/*') && repository.startsWith(pattern.slice(0, -1));
}
