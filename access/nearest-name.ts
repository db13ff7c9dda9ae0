import { type ScopeKey, scopeChain } from '../contracts/scope.ts';

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
  const chain = new Set<ScopeKey>([...scopeChain(scope), 'organization']);
  return [...chain].map(attached).find((name) => name !== undefined) ?? null;
}
