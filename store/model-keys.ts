import type { InstallationKey } from './credentials.ts';
import type { Queryable } from './database.ts';

/** The public key for which keys of models are sealed. Null until the agent worker's key pair was made. */
export async function installationModelKey(db: Queryable): Promise<InstallationKey | null> {
  const { rows } = await db.query<InstallationKey>(
    `select model_public_key as "publicKey", model_key_id as "keyId" from installation
     where model_public_key is not null and model_key_id is not null order by created_at limit 1`,
  );
  return rows[0] ?? null;
}

/** Stores it for `bellhop apply`. It is set once. Another key is refused. */
export async function registerModelKey(db: Queryable, installation: string, key: InstallationKey): Promise<void> {
  const { rowCount } = await db.query(
    `update installation set model_public_key = $2, model_key_id = $3
     where id = $1 and (model_key_id is null or (model_key_id = $3 and model_public_key = $2))`,
    [installation, key.publicKey, key.keyId],
  );
  if (rowCount === 1) return;
  throw new Error(`installation ${installation} is unknown or has another key for models than ${key.keyId} already`);
}

/** The sealed text of one version of a model's key. Null when it was replaced. Only the agent worker can open it. */
export async function sealedModelKey(db: Queryable, model: string, version: number): Promise<Buffer | null> {
  const { rows } = await db.query<{ sealed: Buffer }>(
    'select sealed from model_key where connection = $1 and version = $2',
    [`model/${model}`, version],
  );
  return rows[0]?.sealed ?? null;
}
