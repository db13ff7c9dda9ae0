import { type PublicKey, publicKeyOf } from '../../credentials/key-pair.ts';
import { installationKey } from '../../store/credentials.ts';
import type { Queryable } from '../../store/database.ts';

/** The installation's public key, which can seal. @throws Error when there is none yet */
export async function installedKey(tx: Queryable): Promise<PublicKey> {
  const key = await installationKey(tx);
  if (!key) throw new Error('this installation has no key yet: `bellhop up` makes it at the first start');
  return publicKeyOf(Buffer.from(key.publicKey, 'base64'));
}
