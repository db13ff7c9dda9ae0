import type { Connection } from '../../access/document.ts';
import { bindingOf, placementOf } from '../../credentials/binding.ts';
import { isCredentialError } from '../../credentials/errors.ts';
import type { KeyPair } from '../../credentials/key-pair.ts';
import { open } from '../../credentials/open.ts';
import { Refusal } from '../refusal.ts';
import { headerKey, stopsAtProxy } from '../request/header-names.ts';
import type { SealedCredentials } from './sealed-credentials.ts';

/** One header with a secret in it. Lives as long as the request it is for. */
export interface HeaderInjection {
  readonly name: string;
  readonly value: string;
}

export interface Injector {
  /** @throws Refusal `inject_failed`, naming the connection and nothing of the secret */
  prepare(connection: Connection, rule: string): Promise<HeaderInjection>;
}

export interface InjectorOptions {
  readonly keys: KeyPair;
  readonly sealed: SealedCredentials;
}

/** Opens a credential at the moment it is attached. Nothing opened is kept. */
export function createInjector({ keys, sealed }: InjectorOptions): Injector {
  return {
    async prepare(connection, rule) {
      const names = { rule, connection: connection.id };
      const { header, prefix } = placementOf(connection);
      if (header === '' || stopsAtProxy(headerKey(header))) {
        throw new Refusal('inject_failed', `Connection ${connection.id} puts its credential where none can go.`, names);
      }
      const text = await sealed.get(connection.id, connection.credentialVersion);
      if (!text) {
        const what = `version ${connection.credentialVersion} of its credential is not stored`;
        throw new Refusal('inject_failed', `Connection ${connection.id} cannot be used: ${what}.`, names);
      }
      try {
        const secret = await open(keys, bindingOf(connection), text);
        const value = connection.kind === 'basic' ? Buffer.from(secret, 'utf8').toString('base64') : secret;
        return { name: header, value: `${prefix}${value}` };
      } catch (error) {
        const why = isCredentialError(error) ? error.message : 'its credential could not be opened';
        throw new Refusal('inject_failed', `Connection ${connection.id} cannot be used: ${why}.`, names);
      }
    },
  };
}
