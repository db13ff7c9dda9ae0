import type { CredentialKind, CredentialUse } from '../../../access/credential-use.ts';
import type { EffectiveAccess } from '../../../access/decision.ts';
import type { Connection } from '../../../access/document.ts';
import { offerOf } from '../../../access/personal-access.ts';
import { within } from '../../../contracts/within.ts';
import { bindingOf, bindingText } from '../../../credentials/binding.ts';
import type { KeyPair } from '../../../credentials/key-pair.ts';
import type { GuardedDialer } from '../../dialer/guarded-dialer.ts';
import type { MonotonicClock } from '../../lease/lease-table.ts';
import { authorOfApp } from './app-author.ts';
import type { ClientSecrets } from './client-secrets.ts';
import { mintForInstallation } from './github-tokens.ts';
import { mintForServiceAccount } from './google-tokens.ts';
import { renewGranted } from './granted-tokens.ts';
import { createGuardedFetch, type TokenHost } from './guarded-fetch.ts';
import { installationGrant } from './installation-grant.ts';
import type { MintedToken } from './minted-token.ts';
import { mintForAssertion, mintForClient, readRefreshSecret, refresh } from './oauth-tokens.ts';
import { createPersonalTokens, type PersonalTokenStore } from './personal-tokens.ts';
import { createRefreshRotation } from './refresh-rotation.ts';
import type { RotationStore } from './rotated-tokens.ts';
import { createTokenCache } from './token-cache.ts';
import type { TokenError } from './token-error.ts';

const MINTED_KINDS = [
  'gcp',
  'oauth-client',
  'oauth-jwt',
  'oauth',
  'github-app',
  'oauth-grant',
] as const satisfies CredentialKind[];
export type MintedUse = CredentialUse & { readonly kind: (typeof MINTED_KINDS)[number] };

/** Whether the host is sent a token that is got for the credential, and not the credential itself. */
export function isMinted(use: CredentialUse): use is MintedUse {
  return (MINTED_KINDS as readonly CredentialKind[]).includes(use.kind);
}

export interface TokenRequest {
  readonly connection: Connection;
  readonly use: MintedUse;
  /** The opened credential. */
  readonly secret: string;
  /** What the bundles of the scope grant, of any connection. */
  readonly repositories: EffectiveAccess['repositories'];
  /** Ends the wait of this request alone. */
  readonly signal: AbortSignal;
}

export interface HeldToken {
  readonly value: string;
  /**
   * The host has answered 401, so this token is not used again. True when asking once more may give another one.
   */
  drop(): boolean;
}

/** Gets tokens for connections, and keeps them in memory. */
export interface Minter {
  /** @throws TokenError, or the reason of the signal */
  token(request: TokenRequest): Promise<HeldToken>;
  /**
   * Who a GitHub App is in a commit. Null for a credential of another kind.
   * @throws as {@link token}
   */
  author(request: TokenRequest): Promise<string | null>;
  /** Forgets the tokens of all connections but these. Call it at each change of the policy. */
  retain(connections: readonly Connection[]): void;
  /** Resolves when nothing is being fetched, or after `withinMs`. */
  idle(withinMs: number): Promise<void>;
}

export interface MinterOptions {
  readonly dialer: Pick<GuardedDialer, 'connectTls'>;
  readonly keys: KeyPair;
  readonly rotations: RotationStore;
  readonly personal: PersonalTokenStore;
  readonly clientSecrets: ClientSecrets;
  readonly clock: MonotonicClock;
  /** A token could not be renewed while the old one is still good. */
  readonly onRenewalFailed: (connection: string, error: TokenError) => void;
}

/**
 * A token belongs to a connection as it was sealed (version, hosts, kind, token endpoint) and, for a GitHub App, to what
 * a scope grants. It never serves anything else.
 */
export function createMinter(options: MinterOptions): Minter {
  const { dialer, keys, rotations, personal, clientSecrets, clock, onRenewalFailed } = options;
  const rotation = createRefreshRotation({ store: rotations, keys, clock });
  const granted = createPersonalTokens({ store: personal, keys, clock, wallClock: Date.now });
  const cache = createTokenCache({
    clock,
    onRenewalFailed: (owner, error) => onRenewalFailed((JSON.parse(owner) as [string])[0], error),
  });

  function mint({ connection, use, secret, repositories }: TokenRequest, signal: AbortSignal): Promise<MintedToken> {
    const host = tokenHostOf(connection);
    const fetch = createGuardedFetch({ dialer, host, signal });
    switch (use.kind) {
      case 'gcp':
        return mintForServiceAccount(fetch, use, secret);
      case 'oauth-client':
        return mintForClient(fetch, use, secret);
      case 'oauth-jwt':
        return mintForAssertion(fetch, use, secret);
      case 'github-app':
        return mintForInstallation(fetch, use, secret, installationGrant(repositories, connection.id));
      case 'oauth':
        return rotation.mint({
          connection: connection.id,
          entered: readRefreshSecret(secret),
          exchange: (newest, beforeSending) =>
            refresh(createGuardedFetch({ dialer, host, signal, beforeSending }), use, newest),
          signal,
        });
      case 'oauth-grant':
        return granted.mint({
          connection,
          granted: secret,
          renew: async (refreshToken, beforeSending) => {
            const client = await clientSecrets(offerOf(connection.id) ?? '');
            const guarded = createGuardedFetch({ dialer, host, signal, beforeSending });
            return await renewGranted({ fetch: guarded, oauth: use, secret: client, now: Date.now }, refreshToken);
          },
          signal,
        });
    }
  }

  async function token(request: TokenRequest): Promise<HeldToken> {
    const { connection, use, repositories, signal } = request;
    const owner = ownerOf(connection);
    const grant = use.kind === 'github-app' ? installationGrant(repositories, connection.id) : null;
    const key = JSON.stringify([owner, grant]);
    const value = await cache.get(owner, key, async (ending) => mint(request, ending), signal);
    return {
      value,
      drop: () => {
        const dropped = cache.drop(key, value);
        if (dropped && use.kind === 'oauth-grant') granted.refused(connection, value);
        return dropped;
      },
    };
  }

  return {
    token,
    async author(request) {
      const { connection, use, secret, signal } = request;
      if (use.kind !== 'github-app') return null;
      const { value } = await token(request);
      const fetch = createGuardedFetch({ dialer, host: tokenHostOf(connection), signal });
      return await authorOfApp(fetch, use, secret, value);
    },
    retain(connections) {
      const current = new Set(connections.map(ownerOf));
      cache.retain((owner) => current.has(owner));
    },
    async idle(withinMs) {
      await within(withinMs, cache.idle());
    },
  };
}

/** The connection with everything that its credential is sealed for. It begins with the name. */
function ownerOf(connection: Connection): string {
  return bindingText(bindingOf(connection));
}

/**
 * How the token endpoint of a connection is dialled: with the address exceptions and authorities of the connection
 * itself.
 */
export function tokenHostOf({ id, rules, ca }: Connection): TokenHost {
  return {
    exceptions: rules.flatMap(({ addresses }) => addresses),
    scope: `token:${id}`,
    own: ca === null ? null : { ca, client: null },
  };
}
