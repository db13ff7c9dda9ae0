import type { AccessDocument } from '../../../access/document.ts';
import { clientIdOf } from '../../../access/personal-access.ts';
import { bindingOf } from '../../../credentials/binding.ts';
import type { KeyPair } from '../../../credentials/key-pair.ts';
import { open } from '../../../credentials/open.ts';
import { TokenError } from './token-error.ts';

/** The secret of the OAuth client of an offer to people. Empty for a public client. @throws TokenError `no_client` */
export type ClientSecrets = (offer: string) => Promise<string>;

export interface ClientSecretsOptions {
  readonly keys: KeyPair;
  /** The policy in use. Null before the first is loaded. */
  readonly document: () => AccessDocument | null;
  readonly sealedOf: (connection: AccessDocument['connections'][number]) => Uint8Array | null;
}

/** Opens the secret of a client when it is asked for. Nothing opened is kept. */
export function createClientSecrets({ keys, document, sealedOf }: ClientSecretsOptions): ClientSecrets {
  return async (offer) => {
    const current = document();
    const offered = current?.people?.offers.find(({ name }) => name === offer)?.oauth;
    if (!offered) throw new TokenError('no_client', 'it is not offered any more');
    if (offered.clientAuth === 'none') return '';
    const client = current?.connections.find(({ id }) => id === clientIdOf(offer));
    const sealed = client ? sealedOf(client) : null;
    if (!client || !sealed) throw new TokenError('no_client', `${clientIdOf(offer)} has no secret`);
    return await open(keys, bindingOf(client), sealed).catch(() => {
      throw new TokenError('no_client', `the secret of ${clientIdOf(offer)} does not open`);
    });
  };
}
