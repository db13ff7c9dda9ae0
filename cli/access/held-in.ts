import type { HeldConnection } from '../../access/personal-access.ts';
import { ownerOf, type ScopeKey } from '../../contracts/scope.ts';
import type { Queryable } from '../../store/database.ts';
import { heldConnections } from '../../store/personal-connections.ts';

/** What the person of a scope has connected. Nothing for every other scope. */
export async function heldIn(db: Queryable, scope: ScopeKey): Promise<readonly HeldConnection[]> {
  const owner = ownerOf(scope);
  return owner ? await heldConnections(db, owner) : [];
}
