import type { AccessDocument } from '../access/document.ts';
import type { Queryable } from './database.ts';

export interface SealedCredential {
  readonly connection: string;
  readonly version: number;
  readonly keyId: string;
  readonly sealed: Buffer;
  /** When the secret ends by itself. Null when its text does not say so. */
  readonly expiresAt?: Date | null;
}

export interface CredentialRecord extends Omit<SealedCredential, 'sealed'> {
  readonly createdAt: Date;
}

/** Adds a version of a credential, which is sealed already. A version is never overwritten. */
export async function storeCredential(tx: Queryable, credential: SealedCredential): Promise<void> {
  const { connection, version, keyId, sealed, expiresAt = null } = credential;
  await tx.query(
    'insert into credential (connection, version, key_id, sealed, expires_at) values ($1, $2, $3, $4, $5)',
    [connection, version, keyId, sealed, expiresAt],
  );
}

/** The sealed texts of these versions, by connection. Only the role of the proxy may read them. */
export async function sealedCredentials(
  db: Queryable,
  versions: ReadonlyMap<string, number>,
): Promise<Map<string, Buffer>> {
  const { rows } = await db.query<Pick<SealedCredential, 'connection' | 'sealed'>>(
    `select connection, sealed from credential
     join unnest($1::text[], $2::int[]) as wanted (connection, version) using (connection, version)`,
    [[...versions.keys()], [...versions.values()]],
  );
  return new Map(rows.map(({ connection, sealed }) => [connection, sealed]));
}

/** All stored credentials, without their sealed texts. */
export async function listCredentials(db: Queryable): Promise<CredentialRecord[]> {
  const { rows } = await db.query<CredentialRecord>(
    `select connection, version, key_id as "keyId", expires_at as "expiresAt", created_at as "createdAt" from credential
     order by connection, version`,
  );
  return rows;
}

/**
 * The versions of credentials that a document names: those in use, and those that can still be put back. Keys of models are
 * among them.
 */
export function namedVersions({
  connections,
  models = [],
}: Pick<AccessDocument, 'connections' | 'models'>): [string, number][] {
  const keys = models.flatMap(({ name, keyVersion }): [string, number][] =>
    keyVersion === null ? [] : [[`model/${name}`, keyVersion]],
  );
  const own = connections.flatMap(({ id, credentialVersion, retiring }): [string, number][] => [
    [id, credentialVersion],
    ...(retiring ? [[id, retiring.version] as [string, number]] : []),
  ]);
  return [...own, ...keys];
}

/**
 * Deletes versions that no connection uses. Those of the policy before stay for one more policy, for requests that were
 * judged by it. The refresh tokens of a connection go when the connection goes.
 */
export async function dropCredentials(
  tx: Queryable,
  { current, previous }: { readonly current: AccessDocument; readonly previous: AccessDocument },
): Promise<void> {
  const ids = new Set(namedVersions(current).map(([id]) => id));
  const kept = [...namedVersions(current), ...namedVersions(previous).filter(([connection]) => ids.has(connection))];
  await tx.query(
    `delete from credential where not exists (
       select from unnest($1::text[], $2::int[]) as kept (connection, version)
       where kept.connection = credential.connection and kept.version = credential.version)`,
    [kept.map(([connection]) => connection), kept.map(([, version]) => version)],
  );
  await tx.query('delete from refresh_token where connection <> all($1::text[])', [[...ids]]);
}

/** Deletes every version of a connection's credential, and the refresh tokens that came of it. */
export async function deleteCredential(tx: Queryable, connection: string): Promise<void> {
  await tx.query('delete from credential where connection = $1', [connection]);
  await tx.query('delete from refresh_token where connection = $1', [connection]);
}

/** The installation's public key as it is stored: base64 of 32 bytes. */
export interface InstallationKey {
  readonly publicKey: string;
  readonly keyId: string;
}

/** Null until the key pair was made. */
export async function installationKey(db: Queryable): Promise<InstallationKey | null> {
  const { rows } = await db.query<InstallationKey>(
    `select public_key as "publicKey", key_id as "keyId" from installation
     where public_key is not null and key_id is not null order by created_at limit 1`,
  );
  return rows[0] ?? null;
}

/** Stores the installation's public key for `bellhop apply`. It is set once. Another key is refused. */
export async function registerInstallationKey(
  db: Queryable,
  installation: string,
  key: InstallationKey,
): Promise<void> {
  const { rowCount } = await db.query(
    `update installation set public_key = $2, key_id = $3
     where id = $1 and (key_id is null or (key_id = $3 and public_key = $2))`,
    [installation, key.publicKey, key.keyId],
  );
  if (rowCount === 1) return;
  throw new Error(`installation ${installation} is unknown or has another key than ${key.keyId} already`);
}
