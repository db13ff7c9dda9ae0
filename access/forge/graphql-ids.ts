import type { FieldNode, SelectionSetNode } from 'graphql';
import { type GraphqlDocument, RefusedQuery } from './graphql-document.ts';
import { FIELDS } from './graphql-fields.ts';

/** A root field of a query, and the repository whose part of the graph it is. */
export interface RepositoryPart {
  readonly field: FieldNode;
  readonly repository: string;
}

/**
 * The ids in an answer that lie inside a repository, each with the repository. Below fields that lead to a person or to
 * another repository there are none. Fragments on different types may give two fields one name in the answer. So fields
 * of one name are looked at together, and one that leads out makes all of them count as leading out.
 */
export function idsInAnswer(
  document: GraphqlDocument,
  parts: readonly RepositoryPart[],
  answer: unknown,
): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();

  function collect(selections: readonly (SelectionSetNode | undefined)[], value: unknown, repository: string): void {
    if (Array.isArray(value)) {
      for (const each of value) collect(selections, each, repository);
      return;
    }
    if (value === null || typeof value !== 'object') return;
    for (const [name, fields] of Map.groupBy(document.fieldsOf(...selections), answerName)) {
      const below = property(value, name);
      if (fields.some((field) => FIELDS.naming.has(field.name.value))) continue;
      if (!fields.every((field) => field.name.value === 'id')) {
        collect(
          fields.map((field) => field.selectionSet),
          below,
          repository,
        );
      } else if (typeof below === 'string') ids.set(below, repository);
    }
  }

  try {
    for (const { field, repository } of parts) {
      collect([field.selectionSet], property(property(answer, 'data'), answerName(field)), repository);
    }
  } catch (error) {
    // An answer of very many objects shows only the first of its ids.
    if (!(error instanceof RefusedQuery)) throw error;
  }
  return ids;
}

function answerName({ alias, name }: FieldNode): string {
  return alias?.value ?? name.value;
}

function property(value: unknown, name: string): unknown {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
  return (value as Record<string, unknown>)[name];
}
