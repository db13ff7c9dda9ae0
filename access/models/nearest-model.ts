import { type ScopeKey, scopeChain } from '../../contracts/scope.ts';

/**
 * The name of the model of a scope: its own, else its workspace's, else the organization's, which holds for direct messages
 * too. Undefined: the file names none, and the one of the agent worker's environment is used.
 *
 * @param attached names of models by the scope they are attached to
 */
export function nearestModel(attached: (scope: ScopeKey) => string | undefined, scope: ScopeKey): string | undefined {
  const chain = new Set<ScopeKey>([...scopeChain(scope), 'organization']);
  return [...chain].map(attached).find((name) => name !== undefined);
}
