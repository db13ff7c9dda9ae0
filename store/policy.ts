import { type AccessDocument, EMPTY_DOCUMENT } from '../access/document.ts';
import type { Queryable } from './database.ts';

/** Any number will do, as long as everybody who changes the policy takes the same. */
const LOCK = 8_245_108;
const LOCK_WAIT_MS = 10_000;
/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOCK_NOT_AVAILABLE = '55P03';

/** The access document in force; the empty one before the first `apply`. */
export async function currentPolicy(db: Queryable): Promise<AccessDocument> {
  const { rows } = await db.query<{ version: number; document: Omit<AccessDocument, 'version'> }>(
    'select version, document from policy order by version desc limit 1',
  );
  return rows[0] ? { ...rows[0].document, version: rows[0].version } : EMPTY_DOCUMENT;
}

export interface StoredPolicy {
  readonly version: number;
  /** The file as it was applied. */
  readonly source: string;
  readonly appliedAt: Date;
  readonly appliedBy: string;
}

/** When and by whom the policy in force was applied. Null before the first `apply`. */
export async function currentPolicyRecord(db: Queryable): Promise<StoredPolicy | null> {
  const { rows } = await db.query<StoredPolicy>(
    `select version, source, applied_at as "appliedAt", applied_by as "appliedBy"
     from policy order by version desc limit 1`,
  );
  return rows[0] ?? null;
}

/**
 * Lets one change of the policy happen at a time, until the transaction ends. Readers do not wait.
 * @throws Error when another change does not end within `waitMs`
 */
export async function lockPolicy(tx: Queryable, waitMs = LOCK_WAIT_MS): Promise<void> {
  await tx.query("select set_config('lock_timeout', $1, true)", [String(waitMs)]);
  await tx.query('select pg_advisory_xact_lock($1)', [LOCK]).catch((error: { code?: string }) => {
    if (error.code !== LOCK_NOT_AVAILABLE) throw error;
    throw new Error('another apply is under way and does not end: try again in a moment');
  });
}

export interface NewPolicy {
  /** Its `version` is the one after the version in force. */
  readonly document: AccessDocument;
  readonly source: string;
  readonly appliedBy: string;
}

/**
 * Stores the next version of the policy and tells everybody who listens. Call it under {@link lockPolicy}; two that
 * do not would end in one of them failing, never in a lost change.
 */
export async function storePolicy(tx: Queryable, { document, source, appliedBy }: NewPolicy): Promise<void> {
  const { version, ...content } = document;
  await tx.query('insert into policy (version, document, source, applied_by) values ($1, $2, $3, $4)', [
    version,
    JSON.stringify(content),
    source,
    appliedBy,
  ]);
  await tx.query("select pg_notify('bellhop_policy', $1)", [String(version)]);
}
