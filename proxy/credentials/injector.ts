import { LRUCache } from 'lru-cache';
import type { EffectiveAccess } from '../../access/decision.ts';
import { type Connection, NO_CREDENTIAL } from '../../access/document.ts';
import { headerKey, stopsAtProxy } from '../../access/header-names.ts';
import { ownerOf, type Person, type Principal } from '../../contracts/scope.ts';
import { bindingOf, bindingText } from '../../credentials/binding.ts';
import { isCredentialError } from '../../credentials/errors.ts';
import type { KeyPair } from '../../credentials/key-pair.ts';
import { open } from '../../credentials/open.ts';
import { Refusal } from '../refusal.ts';
import type { HeadersInjection, Injection } from './injection.ts';
import { staticInjection } from './static-injection.ts';
import { installationAuthorization } from './tokens/github-tokens.ts';
import { isMinted, type MintedUse, type Minter } from './tokens/minter.ts';
import { TokenError } from './tokens/token-error.ts';

/** A request that needs a credential. */
export interface InjectionRequest {
  readonly connection: Connection;
  /** Whom the request acts as. A connection of a person is opened for that person alone. */
  readonly principal: Principal;
  readonly rule: string;
  /** The canonical path of the request. */
  readonly path: string;
  /** What the scope's bundles grant, of any connection. */
  readonly repositories: EffectiveAccess['repositories'];
  /** Ends the wait for a token: the client went away, or the turn is over. */
  readonly signal: AbortSignal;
}

export interface Injector {
  /**
   * @throws Refusal `inject_failed`, naming the connection and nothing of the secret; `policy_stale` while PostgreSQL does
   * not give the credential of a person; or the reason of the signal
   */
  prepare(request: InjectionRequest): Promise<Injection>;
  /**
   * Who the connection is in a commit, as `Name <address>`. Null when its credential does not say.
   * @throws as {@link prepare}
   */
  author(request: Omit<InjectionRequest, 'path'>): Promise<string | null>;
  /** Forgets all opened credentials, so that a deleted or rotated one is not used again. */
  clear(): void;
}

export interface InjectorOptions {
  readonly keys: KeyPair;
  /** The sealed credential that came with the current policy. Null when there is none. */
  readonly sealedOf: (connection: Connection) => Uint8Array | null;
  /** That of a connection of a person, as it is stored at this moment. Null when it was removed or replaced. */
  readonly sealedPersonal: (owner: Person, connection: Connection) => Promise<Uint8Array | null>;
  readonly minter: Pick<Minter, 'token' | 'author'>;
  readonly onError: (error: unknown, what: string) => void;
}

/** An opened credential. That of a minted kind is only exchanged for tokens. */
type Opened = { readonly injection: Injection } | { readonly use: MintedUse; readonly secret: string };

/**
 * Opening takes milliseconds, and a turn may send thousands of requests. Therefore an opened credential is reused for
 * 30 seconds, and never after a change of the policy. Keeping it in memory gives nothing more away: the key that opens
 * it is in the same memory.
 */
const KEPT_MS = 30_000;
const MAX_KEPT = 1_000;

/**
 * Opens a credential when a request needs it. Requests that need the same one at once share one opening.
 *
 * @example
 *   await injector.prepare(request) // { way: 'headers', headers: [{ name: 'authorization', … }] }
 */
export function createInjector({ keys, sealedOf, sealedPersonal, minter, onError }: InjectorOptions): Injector {
  // The key holds everything that a credential is bound to. A connection with another host or header never finds it
  // here.
  const kept = new LRUCache<string, Promise<Opened>>({ max: MAX_KEPT, ttl: KEPT_MS });

  async function openFor(connection: Connection, rule: string): Promise<Opened> {
    const use = connection.credential;
    if (connection.credentialVersion === NO_CREDENTIAL) {
      throw failed(connection, rule, 'it has no credential, or its credential was revoked');
    }
    const sealed = await sealedTextOf(connection, rule);
    if (!sealed)
      throw failed(connection, rule, `version ${connection.credentialVersion} of its credential is not stored`);
    try {
      const secret = await open(keys, bindingOf(connection), sealed);
      if (isMinted(use)) return { use, secret };
      const injection = staticInjection(use, secret, connection.id);
      if (injection.way === 'headers' && injection.headers.some(({ name }) => stopsAtProxy(headerKey(name)))) {
        throw failed(connection, rule, 'its credential has a header that the proxy sends to no host');
      }
      return { injection };
    } catch (error) {
      if (error instanceof Refusal) throw error;
      const why = isCredentialError(error) ? error.message : 'its credential could not be opened';
      throw failed(connection, rule, why);
    }
  }

  async function sealedTextOf(connection: Connection, rule: string): Promise<Uint8Array | null> {
    if (connection.owner === undefined) return sealedOf(connection);
    const owner = ownerOf(connection.owner);
    return owner && (await sealedPersonal(owner, connection).catch((error: unknown) => stale(error, connection, rule)));
  }

  function stale(error: unknown, { id }: Connection, rule: string): never {
    onError(error, 'a credential of a person cannot be read: the database is away');
    throw new Refusal('policy_stale', `Your credential of ${id} cannot be read at the moment.`, {
      rule,
      connection: id,
    });
  }

  async function opened({
    connection,
    principal,
    rule,
  }: Pick<InjectionRequest, 'connection' | 'principal' | 'rule'>): Promise<Opened> {
    if (connection.owner !== undefined && connection.owner !== principal) {
      throw failed(connection, rule, 'it belongs to a person who is not the one that is acted for');
    }
    const key = bindingText(bindingOf(connection));
    const found = kept.get(key);
    if (found) return await found;
    const opening = openFor(connection, rule);
    kept.set(key, opening);
    opening.catch(() => {
      if (kept.peek(key) === opening) kept.delete(key);
    });
    return await opening;
  }

  async function minted(request: InjectionRequest, use: MintedUse, secret: string): Promise<HeadersInjection> {
    const { connection, rule, path, repositories, signal } = request;
    try {
      const token = await minter.token({ connection, use, secret, repositories, signal });
      const value = use.kind === 'github-app' ? installationAuthorization(token.value, path) : `Bearer ${token.value}`;
      return {
        way: 'headers',
        headers: [{ name: 'authorization', value }],
        hidden: [token.value, value.slice(value.indexOf(' ') + 1)],
        minted: {
          refused: () => void token.drop(),
          // When no other token can be got, the sandbox sees the 401, and the next request the reason.
          renew: async () => (token.drop() ? minted(request, use, secret).catch(() => null) : null),
        },
      };
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      throw failed(connection, rule, error.message, error.detail);
    }
  }

  return {
    async prepare(request) {
      const credential = await opened(request);
      return 'secret' in credential ? minted(request, credential.use, credential.secret) : credential.injection;
    },
    async author({ connection, principal, rule, repositories, signal }) {
      const credential = await opened({ connection, principal, rule });
      if (!('secret' in credential)) return null;
      const { use, secret } = credential;
      return await minter.author({ connection, use, secret, repositories, signal }).catch((error: unknown) => {
        throw error instanceof TokenError ? failed(connection, rule, error.message, error.detail) : error;
      });
    },
    clear: () => kept.clear(),
  };
}

function failed({ id }: Connection, rule: string, why: string, detail: string | null = null): Refusal {
  return new Refusal('inject_failed', `Connection ${id} cannot be used: ${why}.`, { rule, connection: id, detail });
}
