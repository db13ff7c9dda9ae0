import type { AccessDocument } from '../../../access/document.ts';
import type { Queryable } from '../../../store/database.ts';

export interface ScopeLabels {
  /** Names scopes as people do, by the policy of this moment: `#platform-eng`. */
  read(db: Queryable): Promise<(scope: string) => string>;
}

/** @param currentPolicy reads the newest applied document; null before the first */
export function createScopeLabels(currentPolicy: (db: Queryable) => Promise<AccessDocument | null>): ScopeLabels {
  return {
    async read(db) {
      const document = await currentPolicy(db);
      const labels = new Map(document?.scopes.map(({ scope, label }) => [scope as string, label]));
      return (scope) => labels.get(scope) ?? plainLabel(scope);
    },
  };
}

/** For a scope that the document does not name. */
function plainLabel(scope: string): string {
  const [kind, ...ids] = scope.split(':');
  return ids.length === 0 ? scope : `${kind} ${ids.at(-1)}`;
}
