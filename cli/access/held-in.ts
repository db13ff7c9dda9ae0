import type { EffectiveAccess } from '../../access/decision.ts';
import type { AccessDocument } from '../../access/document.ts';
import { indexAccess } from '../../access/effective-access.ts';
import type { HeldConnection } from '../../access/personal-access.ts';
import { ownerOf, type ScopeKey } from '../../contracts/scope.ts';
import type { Queryable } from '../../store/database.ts';
import { heldConnections } from '../../store/personal-connections.ts';

/** What the person of a scope has connected. Nothing for every other scope. */
export async function heldIn(db: Queryable, scope: ScopeKey): Promise<readonly HeldConnection[]> {
  const owner = ownerOf(scope);
  return owner ? await heldConnections(db, owner) : [];
}

/**
 * What is shown of a scope. In a channel with `identity: requester` nobody in particular asks: it is what somebody has who has connected all
 * that may be used there.
 */
export function shownAccess(
  document: AccessDocument,
  scope: ScopeKey,
  held: readonly HeldConnection[] = [],
): EffectiveAccess {
  return indexAccess(document).shown(scope, held);
}
