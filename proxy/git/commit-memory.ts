import { LRUCache } from 'lru-cache';

/**
 * Parents of commits that passed in earlier pushes. Each was computed from the content of its commit, so it is true in
 * every repository, whoever pushed it. Only memory is spent, and it is bounded.
 */
export interface CommitMemory {
  parentsOf(id: string): readonly string[] | undefined;
  remember(commits: ReadonlyMap<string, readonly string[]>): void;
}

const MAX_COMMITS = 50_000;
/** Commits with more parents are made on purpose, and would take much memory. */
const MAX_PARENTS = 16;

/** One for each proxy, in memory only. After a restart it is empty, and a push that would need it is refused. */
export function createCommitMemory(): CommitMemory {
  const known = new LRUCache<string, readonly string[]>({ max: MAX_COMMITS });
  return {
    parentsOf: (id) => known.get(id),
    remember(commits) {
      for (const [id, parents] of commits) if (parents.length <= MAX_PARENTS) known.set(id, parents);
    },
  };
}
