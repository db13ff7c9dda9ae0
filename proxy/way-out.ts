import type { Connection } from '../access/document.ts';
import { offerOf } from '../access/personal-access.ts';
import type { KeyPair } from '../credentials/key-pair.ts';
import { createInjector, type Injector } from './credentials/injector.ts';
import { type ClientSecrets, createClientSecrets } from './credentials/tokens/client-secrets.ts';
import { createMinter } from './credentials/tokens/minter.ts';
import { createAddressGuard, type OwnListener } from './dialer/address-guard.ts';
import { createGuardedDialer, type GuardedDialer } from './dialer/guarded-dialer.ts';
import { createBoundedResolve, type Resolve } from './dialer/resolve.ts';
import { createTrust } from './dialer/trust.ts';
import { createUpstreamPools, type UpstreamPools } from './dialer/upstream-pools.ts';
import type { MonotonicClock } from './lease/lease-table.ts';
import type { OperatorFile } from './operator/operator-file.ts';
import type { PolicyFeed } from './policy/policy-feed.ts';
import type { ProxyStore } from './proxy-store.ts';
import { versionOf } from './request/judge-request.ts';

export interface WayOutSettings {
  readonly keys: KeyPair;
  readonly operator: OperatorFile;
  readonly own: readonly OwnListener[];
  readonly resolve: Resolve;
  /** Called with every address before it is dialled. */
  readonly onDial?: (address: string, port: number) => void;
}

export interface WayOutOptions extends WayOutSettings {
  readonly store: Pick<ProxyStore, 'rotations' | 'personalTokens' | 'sealedPersonal'>;
  readonly policy: Pick<PolicyFeed, 'document' | 'sealedOf'>;
  readonly clock: MonotonicClock;
  readonly onError: (error: unknown, what: string) => void;
}

export interface WayOut {
  /** Connects to a checked address, and to nothing else. */
  readonly dialer: GuardedDialer;
  /** Open connections to origins, each used for one connection of the policy only. */
  readonly pools: UpstreamPools;
  /** Opens the sealed credential of a connection and attaches it to a request. */
  readonly injector: Injector;
  readonly clientSecrets: ClientSecrets;
  /** Forgets all that belongs to connections other than these. */
  retain(connections: readonly Connection[]): void;
  /** Waits for tokens that are being fetched. */
  idle(): Promise<void>;
  destroy(): Promise<void>;
}

/**
 * How long the end of the process waits for tokens that are being fetched. A refresh token that came with an answer would
 * be lost otherwise, and nobody would know the newest one.
 */
const MINT_END_MS = 12_000;

/** The only way to the outside, and the credentials for it. Tokens that they need are fetched by the same dialer. */
export function createWayOut(options: WayOutOptions): WayOut {
  const { keys, operator, store, policy, clock, onError, onDial } = options;
  const dialer = createGuardedDialer({
    guard: createAddressGuard({ ceilings: operator.ceilings, own: options.own }),
    resolve: createBoundedResolve(options.resolve),
    staticNames: operator.staticNames,
    trust: createTrust(operator.caBundles),
    ...(onDial ? { onDial } : {}),
  });
  const pools = createUpstreamPools({ dialer });
  const sealedOf = (connection: Connection) => policy.sealedOf(connection);
  const clientSecrets = createClientSecrets({ keys, document: () => policy.document, sealedOf });
  const minter = createMinter({
    ...{ dialer, keys, clientSecrets },
    rotations: store.rotations,
    personal: store.personalTokens,
    clock,
    onRenewalFailed: (connection, error) => onError(error, `the token of connection ${connection} was not renewed`),
  });
  const injector = createInjector({
    ...{ keys, minter, onError, sealedOf },
    sealedPersonal: (owner, { id, credentialVersion }) =>
      store.sealedPersonal(owner, offerOf(id) ?? '', credentialVersion),
  });
  return {
    ...{ dialer, pools, injector, clientSecrets },
    retain(connections) {
      injector.clear();
      minter.retain(connections);
      const current = new Set(connections.map(versionOf));
      pools.retain((connection) => current.has(connection));
    },
    idle: () => minter.idle(MINT_END_MS),
    destroy: () => pools.destroy(),
  };
}
