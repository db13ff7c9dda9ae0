import { type ScopeKey, scopeChain } from '../../contracts/scope.ts';

/**
 * The environment of a scope: its own, else its workspace's, else the organization's. Null: the usual sandbox. A person's direct
 * messages have none of the organization's access, and its environment all the same, which reaches nothing by itself.
 *
 * @param attached names of environments by the scope they are attached to
 */
export function nearestEnvironment(attached: ReadonlyMap<ScopeKey, string>, scope: ScopeKey): string | null {
  const chain = new Set<ScopeKey>([...scopeChain(scope), 'organization']);
  return [...chain].map((each) => attached.get(each)).find((name) => name !== undefined) ?? null;
}
