import { LRUCache } from 'lru-cache';
import type { Connection } from '../../access/document.ts';
import { headerKey, stopsAtProxy } from '../../access/header-names.ts';
import { bindingOf, bindingText, placementOf } from '../../credentials/binding.ts';
import { isCredentialError } from '../../credentials/errors.ts';
import type { KeyPair } from '../../credentials/key-pair.ts';
import { open } from '../../credentials/open.ts';
import { Refusal } from '../refusal.ts';

/** One header with a secret in it. */
export interface HeaderInjection {
  readonly name: string;
  readonly value: string;
}

export interface Injector {
  /** @throws Refusal `inject_failed`, naming the connection and nothing of the secret */
  prepare(connection: Connection, rule: string): Promise<HeaderInjection>;
  /** Forgets what was opened, so that what was deleted or rotated is not used again. */
  clear(): void;
}

export interface InjectorOptions {
  readonly keys: KeyPair;
  /** The sealed text that came with the policy of the moment; null when there is none. */
  readonly sealedOf: (connection: Connection) => Uint8Array | null;
}

/**
 * Opening takes milliseconds and a turn may send thousands of requests: what was opened is used again for 30 seconds,
 * as long as an injection may go unconfirmed, and never past a change of the policy. The key lies in the same memory.
 */
const KEPT_MS = 30_000;
const MAX_KEPT = 1_000;

/** Opens credentials when they are to be attached. Requests that come together wait for the same opening. */
export function createInjector({ keys, sealedOf }: InjectorOptions): Injector {
  // By everything a credential is bound to: a connection that says something else about itself opens its own, or none.
  const kept = new LRUCache<string, Promise<HeaderInjection>>({ max: MAX_KEPT, ttl: KEPT_MS });

  async function openFor(connection: Connection, rule: string): Promise<HeaderInjection> {
    const failed = (why: string) => {
      const names = { rule, connection: connection.id };
      return new Refusal('inject_failed', `Connection ${connection.id} cannot be used: ${why}.`, names);
    };
    const { header, prefix } = placementOf(connection);
    if (header === '' || stopsAtProxy(headerKey(header))) throw failed('its credential has no header it could go in');
    const sealed = sealedOf(connection);
    if (!sealed) throw failed(`version ${connection.credentialVersion} of its credential is not stored`);
    try {
      const secret = await open(keys, bindingOf(connection), sealed);
      const value = connection.kind === 'basic' ? Buffer.from(secret, 'utf8').toString('base64') : secret;
      return { name: header, value: `${prefix}${value}` };
    } catch (error) {
      throw failed(isCredentialError(error) ? error.message : 'its credential could not be opened');
    }
  }

  return {
    prepare(connection, rule) {
      const key = bindingText(bindingOf(connection));
      const found = kept.get(key);
      if (found) return found;
      const opening = openFor(connection, rule);
      kept.set(key, opening);
      opening.catch(() => {
        if (kept.peek(key) === opening) kept.delete(key);
      });
      return opening;
    },
    clear: () => kept.clear(),
  };
}
