import { type ScopeKey, scopeChain } from '../contracts/scope.ts';

/**
 * The name that counts in a scope, of its environment or its model: its own, else its workspace's, else the organization's. A
 * person's direct messages have none of the organization's access, and these all the same, because they reach nothing by themselves.
 * Null: none is named.
 *
 * @param attached the name that is attached to one scope
 */
export function nearestName(attached: (scope: ScopeKey) => string | undefined, scope: ScopeKey): string | null {
  const chain = new Set<ScopeKey>([...scopeChain(scope), 'organization']);
  return [...chain].map(attached).find((name) => name !== undefined) ?? null;
}
