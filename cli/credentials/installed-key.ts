import { type PublicKey, publicKeyOf } from '../../credentials/key-pair.ts';
import { type InstallationKey, installationKey } from '../../store/credentials.ts';
import type { Queryable } from '../../store/database.ts';
import { installationModelKey } from '../../store/model-keys.ts';

/** The installation's public key, which can seal. @throws Error when there is none yet */
export async function installedKey(tx: Queryable): Promise<PublicKey> {
  return publicKey(await installationKey(tx), 'this installation has no key yet');
}

/** The same for keys of models, which only the agent worker opens. */
export async function installedModelKey(tx: Queryable): Promise<PublicKey> {
  return publicKey(await installationModelKey(tx), 'this installation has no key for models yet');
}

function publicKey(key: InstallationKey | null, otherwise: string): PublicKey {
  if (!key) throw new Error(`${otherwise}: \`bellhop up\` makes it at the next start`);
  return publicKeyOf(Buffer.from(key.publicKey, 'base64'));
}
