import type { AccessDocument } from '../../../access/document.ts';
import type { Queryable } from '../../../store/database.ts';

export interface ScopeLabels {
  /** Names scopes as people do, by the policy of this moment: `#platform-eng`. */
  read(db: Queryable): Promise<(scope: string) => string>;
}

/**
 * @param currentPolicy reads the newest applied document; null before the first
 * @param nameOf a person's name; undefined for somebody who is not known
 */
export function createScopeLabels(
  currentPolicy: (db: Queryable) => Promise<AccessDocument | null>,
  nameOf: (person: string) => string | undefined,
): ScopeLabels {
  return {
    async read(db) {
      const document = await currentPolicy(db);
      const labels = new Map(document?.scopes.map(({ scope, label }) => [scope as string, label]));
      return (scope) => labels.get(scope) ?? plainLabel(scope, nameOf);
    },
  };
}

/** For a scope that the document does not name. */
function plainLabel(scope: string, nameOf: (person: string) => string | undefined): string {
  const [kind, ...ids] = scope.split(':');
  const name = kind === 'person' ? nameOf(ids.at(-1) ?? '') : undefined;
  if (name !== undefined) return name;
  return ids.length === 0 ? scope : `${kind} ${ids.at(-1)}`;
}
