import { type AccessIndex, indexAccess } from '../access/effective-access.ts';
import type { Queryable } from './database.ts';
import { currentPolicy, policyRevision } from './policy.ts';
import { shareLooks } from './shared-look.ts';

/** What is in force at this moment, prepared for many questions. */
export type PolicyReader = () => Promise<AccessIndex>;

/**
 * Reads the policy for a process that needs it for each message or turn. Every call asks which revision is in force, which costs
 * the same whatever the size of the document, and calls at the same moment ask once. The document itself is read when that has changed, and one is kept.
 */
export function createPolicyReader(db: Queryable): PolicyReader {
  let known: { readonly revision: string; readonly index: AccessIndex } | null = null;
  return shareLooks(async () => {
    // Read before the document, so that a change in between is found by the next call.
    const revision = await policyRevision(db);
    if (known?.revision !== revision) known = { revision, index: indexAccess(await currentPolicy(db)) };
    return known.index;
  });
}
