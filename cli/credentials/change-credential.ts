import { type AccessDocument, type Connection, NO_CREDENTIAL } from '../../access/document.ts';
import { didYouMean } from '../../access/near-names.ts';
import { deleteCredential, dropCredentials, listCredentials, storeCredential } from '../../store/credentials.ts';
import { type Database, inTransaction, type Queryable } from '../../store/database.ts';
import { changePolicy } from '../../store/policy.ts';
import { sealOne } from '../apply/seal-connections.ts';
import { installedKey } from './installed-key.ts';

export interface Change {
  readonly connection: string;
  readonly appliedBy: string;
}

export interface Entered extends Change {
  readonly secret: string;
  /** How long the version before can be put back, and requests may go on with it. Null for a change without a way back. */
  readonly overlapMs: number | null;
  readonly now: Date;
}

/** What is in force afterwards. */
export interface Changed {
  readonly connection: string;
  readonly policyVersion: number;
  readonly credentialVersion: number;
  /** Until when the version before can be put back. */
  readonly until: string | null;
  /** When the secret ends by itself, if its text says so. */
  readonly expiresAt: Date | null;
}

/** The connection of this name. @throws Error with names that are like it */
export function connectionNamed(document: AccessDocument, name: string): Connection {
  const found = document.connections.find(({ id }) => id === name);
  if (found) return found;
  const known = document.connections.map(({ id }) => id);
  throw new Error(
    `no connection ${name} is in force${didYouMean(name, known)}; \`bellhop connections list\` shows all`,
  );
}

/**
 * Enters a secret as the next version of a connection's credential. New requests use it at once.
 * @throws Error when the secret is not of the form that the connection needs; then nothing was changed
 */
export async function enterCredential(database: Database, entered: Entered): Promise<Changed> {
  return changeState(database, entered, async (tx, document, version) => {
    const before = connectionNamed(document, entered.connection);
    const sealed = await sealOne({ ...before, credentialVersion: version }, entered.secret, await installedKey(tx));
    if ('problem' in sealed) throw new Error(`${sealed.problem}; nothing was changed`);
    await storeCredential(tx, sealed);
    const keepsBefore = entered.overlapMs !== null && before.credentialVersion !== NO_CREDENTIAL;
    const until = keepsBefore ? new Date(entered.now.getTime() + (entered.overlapMs ?? 0)).toISOString() : null;
    const retiring = until === null ? null : { version: before.credentialVersion, until };
    return { credentialVersion: version, retiring, expiresAt: sealed.expiresAt ?? null };
  });
}

/** Puts the version before the last rotation back, while its overlap lasts. @throws Error when there is none */
export async function putBack(database: Database, change: Change & { readonly now: Date }): Promise<Changed> {
  return changeState(database, change, async (tx, document) => {
    const { id, retiring } = connectionNamed(document, change.connection);
    const stored = await listCredentials(tx);
    const isThere = stored.some(({ connection, version }) => connection === id && version === retiring?.version);
    if (!retiring || !isThere) throw new Error(`${id} has no earlier credential that can be put back`);
    if (Date.parse(retiring.until) <= change.now.getTime()) {
      throw new Error(`the earlier credential of ${id} could be put back until ${retiring.until}`);
    }
    return { credentialVersion: retiring.version, retiring: null, expiresAt: null };
  });
}

/** Deletes a connection's credential. Its use ends, also in requests that are under way. */
export async function revokeCredential(database: Database, change: Change): Promise<Changed> {
  return changeState(database, change, async (tx, document) => {
    const { id } = connectionNamed(document, change.connection);
    await deleteCredential(tx, id);
    return { credentialVersion: NO_CREDENTIAL, retiring: null, expiresAt: null };
  });
}

type NewState = Required<Pick<Connection, 'credentialVersion' | 'retiring'>> & Pick<Changed, 'expiresAt'>;

/**
 * A change of a credential is a new version of the policy, with the same file as its source. So it reaches the proxy as
 * every other change does.
 */
async function changeState(
  database: Database,
  { connection, appliedBy }: Change,
  change: (tx: Queryable, document: AccessDocument, version: number) => Promise<NewState>,
): Promise<Changed> {
  return inTransaction(database, (tx) =>
    changePolicy(tx, async ({ current, record, version }) => {
      const { expiresAt, ...state } = await change(tx, current, version);
      const connections = current.connections.map((each) => (each.id === connection ? { ...each, ...state } : each));
      const document: AccessDocument = { ...current, version, connections };
      await dropCredentials(tx, { current: document, previous: current });
      const { credentialVersion, retiring } = state;
      return {
        next: { document, source: record?.source ?? '', appliedBy },
        result: { connection, policyVersion: version, credentialVersion, until: retiring?.until ?? null, expiresAt },
      };
    }),
  );
}
