import type { CommitMemory } from './commit-memory.ts';
import { readPackCommits } from './pack-commits.ts';
import { isZero, type PushCommand } from './push-request.ts';

/** Commits that are looked at for all commands of a push together. */
const MAX_VISITED = 100_000;

export interface FastForwards {
  /** The refs whose new commit is shown to descend from the old one. */
  readonly proved: ReadonlySet<string>;
  /** Whether more of the pack might show it for another ref. */
  readonly mayGrow: boolean;
}

/**
 * Which commands of a push only add commits to their ref. The forge alone knows the whole history, but a push carries
 * what the forge does not have:
 * 1. A command says that a ref is to move from an old commit to a new one. The forge refuses it if the ref is elsewhere.
 * 2. The pack holds the new commits, and each commit names its parents. Ids are hashes, so none of this can be forged.
 * 3. If the parents lead from the new commit to the old one, the ref only moves forward.
 * Therefore nothing has to be asked of the forge. git writes commits first, so the beginning of the pack is enough.
 *
 * A push carries no commits that the forge has already. Those of earlier pushes are remembered. With others, such as a
 * move of `bellhop/x` to the tip of `main`, nothing is shown, and the move is refused like a forced one.
 *
 * @param pack the beginning of the pack
 */
export function findFastForwards(
  commands: readonly PushCommand[],
  pack: Buffer,
  memory: Pick<CommitMemory, 'parentsOf' | 'remember'>,
): FastForwards {
  const updates = commands.filter(({ from, to }) => !isZero(from) && !isZero(to) && from !== to);
  const proved = new Set(commands.filter(({ from, to }) => from === to).map(({ ref }) => ref));
  const found = readPackCommits(pack, commands[0]?.to.length === 64 ? 'sha256' : 'sha1');
  memory.remember(found.parents);
  const parentsOf = (id: string) => found.parents.get(id) ?? memory.parentsOf(id) ?? [];
  const budget = { left: MAX_VISITED };
  for (const { from, to, ref } of updates) if (descends(parentsOf, to, from, budget)) proved.add(ref);
  return { proved, mayGrow: found.mayGrow && updates.some(({ ref }) => !proved.has(ref)) };
}

function descends(
  parentsOf: (id: string) => readonly string[],
  from: string,
  ancestor: string,
  budget: { left: number },
): boolean {
  const seen = new Set([from]);
  // The loop also visits commits that are added while it runs.
  for (const id of seen) {
    if (id === ancestor) return true;
    budget.left -= 1;
    if (budget.left < 0) return false;
    for (const parent of parentsOf(id)) seen.add(parent);
  }
  return false;
}
