import { type ConfirmedChannel, withConfirmed } from '../access/channel-patterns.ts';
import { type AccessDocument, EMPTY_DOCUMENT } from '../access/document.ts';
import { type MixedChannel, withMixed } from '../access/outsiders.ts';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import type { Queryable } from './database.ts';

const LOCK_WAIT_MS = 10_000;
/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LOCK_NOT_AVAILABLE = '55P03';

/**
 * The access document in force, with the channels that are confirmed for its patterns and those with outsiders in them. Before
 * the first `apply` it is the empty document.
 */
export async function currentPolicy(db: Queryable): Promise<AccessDocument> {
  const { rows } = await db.query<{
    version: number;
    /** Null before the first `apply`. */
    document: Omit<AccessDocument, 'version'> | null;
    confirmed: ConfirmedChannel[];
    mixed: MixedChannel[];
  }>(
    `select version, document,
       (select coalesce(json_agg(each order by team, channel), '[]') from confirmed_channel each) as confirmed,
       (select coalesce(json_agg(each order by team, channel), '[]') from mixed_channel each) as mixed
     from (select 1) always left join lateral (select version, document from policy order by version desc limit 1) policy on true`,
  );
  const [row] = rows;
  if (!row) throw new Error('a query for one row gave none');
  const document = row.document ? { ...row.document, version: row.version } : EMPTY_DOCUMENT;
  return withMixed(withConfirmed(document, row.confirmed), row.mixed);
}

/**
 * Names what is in force, without reading it: equal names mean an equal document. It costs the same whatever the size of the
 * document.
 */
export async function policyRevision(db: Queryable): Promise<string> {
  const { rows } = await db.query<{ revision: string }>('select revision from policy_revision');
  return rows[0]?.revision ?? '';
}

export interface StoredPolicy {
  readonly version: number;
  /** The text of the applied file. */
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
 * Locks the policy against other changes until the transaction ends. Readers do not wait.
 * @throws Error when another change does not end within `waitMs`
 */
export async function lockPolicy(tx: Queryable, waitMs = LOCK_WAIT_MS): Promise<void> {
  await tx.query("select set_config('lock_timeout', $1, true)", [String(waitMs)]);
  await tx.query('select pg_advisory_xact_lock($1)', [ADVISORY_LOCKS.policy]).catch((error: { code?: string }) => {
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

/** What a change of the policy begins from. */
export interface PolicyInForce {
  readonly current: AccessDocument;
  /** Null before the first `apply`. */
  readonly record: StoredPolicy | null;
  /** The version that the change makes. */
  readonly version: number;
}

export interface PolicyChange<T> {
  /** Null where nothing changes. */
  readonly next: NewPolicy | null;
  readonly result: T;
}

/**
 * Makes the next version of the policy out of the one in force, in the caller's transaction. Two calls at once run one after the
 * other, and the second begins from the result of the first.
 *
 * @param change makes the new document, with the `version` that it is given
 * @returns the `result` of `change`
 * @throws Error as {@link lockPolicy}
 */
export async function changePolicy<T>(
  tx: Queryable,
  change: (inForce: PolicyInForce) => Promise<PolicyChange<T>>,
): Promise<T> {
  await lockPolicy(tx);
  const [current, record] = [await currentPolicy(tx), await currentPolicyRecord(tx)];
  const { next, result } = await change({ current, record, version: current.version + 1 });
  if (next) await storePolicy(tx, next);
  return result;
}

/**
 * Stores the next version of the policy and notifies listeners. Call it under {@link lockPolicy}. Without the lock, one
 * of two concurrent calls would fail, but no change would be lost.
 */
export async function storePolicy(tx: Queryable, { document, source, appliedBy }: NewPolicy): Promise<void> {
  const { version, mixed: _, ...content } = document;
  // Confirmed channels are rows of their own, which a rename takes away.
  const scopes = content.scopes.filter(({ pattern }) => pattern === undefined);
  await tx.query('insert into policy (version, document, source, applied_by) values ($1, $2, $3, $4)', [
    version,
    JSON.stringify({ ...content, scopes }),
    source,
    appliedBy,
  ]);
  await tx.query("select pg_notify('bellhop_policy', $1)", [String(version)]);
}
