import type { Environment } from '../contracts/environments.ts';
import type { ScopeKey } from '../contracts/scope.ts';
import type { Queryable } from './database.ts';
import { policyRevision } from './policy.ts';

/** What of the access document in force says how sandboxes are furnished. The runner reads no other part of it. */
export interface AppliedEnvironments {
  /** Of the policy, as policy.ts has it. Empty before anything was read. */
  readonly revision: string;
  /** Of the document; 0 before the first `apply`. */
  readonly version: number;
  readonly environments: readonly Environment[];
  /** The scopes to which one is attached. */
  readonly attached: readonly { readonly scope: ScopeKey; readonly environment: string }[];
}

const NONE: AppliedEnvironments = { revision: '', version: 0, environments: [], attached: [] };

/**
 * Reads what is in force, unless it is still the revision of `known`: a document with ten thousand channels is long, and this is asked
 * for each sandbox that is brought up.
 */
export async function appliedEnvironments(
  db: Queryable,
  known: AppliedEnvironments = NONE,
): Promise<AppliedEnvironments> {
  const revision = await policyRevision(db);
  if (revision === known.revision) return known;
  const { rows } = await db.query<Omit<AppliedEnvironments, 'revision'>>(
    'select version, environments, attached from applied_environment order by version desc limit 1',
  );
  return { ...(rows[0] ?? NONE), revision };
}
