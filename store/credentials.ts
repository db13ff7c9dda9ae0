import type { Queryable } from './database.ts';

export interface SealedCredential {
  readonly connection: string;
  readonly version: number;
  readonly keyId: string;
  readonly sealed: Buffer;
}

export interface CredentialRecord extends Omit<SealedCredential, 'sealed'> {
  readonly createdAt: Date;
}

/** Adds a version; a version is never overwritten. What is stored is sealed already. */
export async function storeCredential(tx: Queryable, credential: SealedCredential): Promise<void> {
  await tx.query('insert into credential (connection, version, key_id, sealed) values ($1, $2, $3, $4)', [
    credential.connection,
    credential.version,
    credential.keyId,
    credential.sealed,
  ]);
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

/** What is stored, without the sealed texts. */
export async function listCredentials(db: Queryable): Promise<CredentialRecord[]> {
  const { rows } = await db.query<CredentialRecord>(
    `select connection, version, key_id as "keyId", created_at as "createdAt" from credential
     order by connection, version`,
  );
  return rows;
}

/**
 * Deletes what no connection uses any more. `previous` are the versions in force until now: they stay one policy
 * longer, for requests that were judged by it.
 */
export async function dropCredentials(
  tx: Queryable,
  { current, previous }: { current: ReadonlyMap<string, number>; previous: ReadonlyMap<string, number> },
): Promise<void> {
  const kept = [...current, ...[...previous].filter(([connection]) => current.has(connection))];
  await tx.query(
    `delete from credential where not exists (
       select from unnest($1::text[], $2::int[]) as kept (connection, version)
       where kept.connection = credential.connection and kept.version = credential.version)`,
    [kept.map(([connection]) => connection), kept.map(([, version]) => version)],
  );
}

/** The public half of the installation's key, as it is stored: base64 of 32 bytes. */
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

/** Makes the installation's public key known to those who seal. It is set once; a second key is refused. */
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
