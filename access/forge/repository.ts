import type { Forge, RepositoryGrant } from '../document.ts';
import { PROPOSED_BRANCHES } from './ref-names.ts';

/** What one thread may do in one repository: the union of all grants for it. */
export interface RepositoryAccess {
  /** As the grant or the request spells it. */
  readonly repository: string;
  readonly mayPropose: boolean;
  readonly mayWrite: boolean;
  /** Patterns of the branches that may be pushed to. */
  readonly branches: readonly string[];
}

const SEGMENT = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,100}$/;

/**
 * Whether a text names one repository of a forge: `owner/name`, and on GitLab also `group/sub/name`. Everything else
 * is refused, because forges read other spellings in ways of their own.
 */
export function isRepositoryName(name: string, kind: Forge['kind']): boolean {
  const segments = name.split('/');
  const deepest = kind === 'gitlab' ? 20 : 2;
  return segments.length >= 2 && segments.length <= deepest && segments.every((segment) => SEGMENT.test(segment));
}

/** What the grants allow in a repository. Null when none is for it. Forges ignore upper and lower case in names. */
export function accessTo(repository: string, grants: readonly RepositoryGrant[]): RepositoryAccess | null {
  const found = grants.filter((grant) => isRepositoryName(repository, grant.forge.kind) && covers(grant, repository));
  if (found.length === 0) return null;
  const writes = found.filter(({ access }) => access === 'write');
  const mayPropose = found.some(({ access }) => access !== 'read');
  return {
    repository,
    mayPropose,
    mayWrite: writes.length > 0,
    branches: [...(mayPropose ? PROPOSED_BRANCHES : []), ...writes.flatMap(({ branches }) => branches)],
  };
}

function covers(grant: RepositoryGrant, repository: string): boolean {
  if (grant.repository === '*') return true;
  const granted = grant.repository.toLowerCase();
  const asked = repository.toLowerCase();
  if (!granted.endsWith('/*')) return granted === asked;
  return asked.slice(0, asked.lastIndexOf('/')) === granted.slice(0, -2);
}

/** A sentence for people. It is the same whether the forge has such a repository or not. */
export function notGranted(repository: string): string {
  return `The repository ${repository} is not granted here.`;
}
