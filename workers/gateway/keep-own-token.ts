import { personalConnection } from '../../access/personal-access.ts';
import { personScope } from '../../contracts/scope.ts';
import { bindingOf } from '../../credentials/binding.ts';
import { isCredentialError } from '../../credentials/errors.ts';
import { publicKeyOf } from '../../credentials/key-pair.ts';
import { seal } from '../../credentials/seal.ts';
import { secretExpiry } from '../../credentials/secret-text.ts';
import type { KeepToken } from '../../slack/personal/interactions.ts';
import { installationKey } from '../../store/credentials.ts';
import { type Database, inTransaction } from '../../store/database.ts';
import { wantListing } from '../../store/own-servers.ts';
import { nextPersonalVersion, putPersonalConnection } from '../../store/personal-connections.ts';

/** The token is in this function's memory only: it is in no row, log or error. */
export function createKeepToken(database: Database): KeepToken {
  return async (owner, offer, token) => {
    const key = await installationKey(database);
    if (!key) throw new Error('the installation has no key to seal with');
    const publicKey = publicKeyOf(Buffer.from(key.publicKey, 'base64'));
    const version = await nextPersonalVersion(database);
    const scope = personScope(owner.team, owner.person);
    const connection = personalConnection(offer, scope, version);
    let sealed: Buffer;
    try {
      sealed = await seal(publicKey, bindingOf(connection), token);
    } catch (error) {
      if (isCredentialError(error)) return error.message;
      throw error;
    }
    const expiresAt = secretExpiry(connection.credential, token);
    await inTransaction(database, async (tx) => {
      await putPersonalConnection(tx, {
        ...{ ...owner, connection: offer.name, version, keyId: publicKey.id, sealed, expiresAt },
      });
      const { id, mcp } = connection;
      if (mcp) await wantListing(tx, { owner: scope, connection: id, url: mcp.url }, true);
    });
    return null;
  };
}
