import { type ScopeKey, scopeChain } from '../contracts/scope.ts';

/** What the nearest scope says: this one, its workspace or the organization. Undefined: none of them says anything. */
export function nearestOf<T>(said: (scope: ScopeKey) => T | undefined, scope: ScopeKey): T | undefined {
  const chain = new Set<ScopeKey>([...scopeChain(scope), 'organization']);
  return [...chain].map(said).find((each) => each !== undefined);
}

/**
 * The name that counts in a scope, of its environment, its model or another setting of one word: its own, else its workspace's, else the organization's. A
 * person's direct messages have none of the organization's access, and these all the same, because they reach nothing by themselves.
 * Null: none is named.
 *
 * @param attached the name that is attached to one scope
 */
export function nearestName<Name extends string>(
  attached: (scope: ScopeKey) => Name | undefined,
  scope: ScopeKey,
): Name | null {
  return nearestOf(attached, scope) ?? null;
}
