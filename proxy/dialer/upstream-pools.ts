import { LRUCache } from 'lru-cache';
import { Client, type Dispatcher, Pool } from 'undici';
import type { Principal, ScopeKey } from '../../contracts/scope.ts';
import type { Authority } from '../request/authority.ts';
import type { DialTarget, GuardedDialer } from './guarded-dialer.ts';
import { KeptClient } from './kept-client.ts';
import type { OwnTls } from './trust.ts';

/** A pooled connection serves only requests whose whole key is the same. */
export interface PoolKey {
  readonly scope: ScopeKey;
  /** In one channel, several people may be acted as. */
  readonly principal: Principal;
  readonly scheme: 'http' | 'https';
  /** The connection's id and credential version. Null when no credential is attached. */
  readonly connection: string | null;
  readonly authority: Authority;
  readonly exceptions: DialTarget['exceptions'];
  /** Authorities and client certificate of the connection. Its `client` belongs to the `connection` of this key. */
  readonly own?: OwnTls | null;
}

/** The connections to one host. `onRequestStart` of a handler gets a {@link StartContext}. */
export interface Upstream {
  /** Sends on a kept connection if one is free, otherwise on a new one. */
  readonly onKept: Dispatcher['dispatch'];
  /** Sends on a new connection, which serves only this request. */
  readonly onNew: Dispatcher['dispatch'];
  /** True once the host has closed a kept connection before the proxy did. Each further one may be closing too. */
  readonly closesEarly: boolean;
}

export interface UpstreamPools {
  get(key: PoolKey): Upstream;
  /**
   * Closes the pools of credential versions that are not in use any more. Idle connections end at once. A request that is
   * under way keeps its connection until it ends; whether it may go on is decided elsewhere.
   *
   * @param isCurrent asked with the `connection` of each pool that has one
   */
  retain(isCurrent: (connection: string) => boolean): void;
  /** Ends all connections, also those in use. */
  destroy(): Promise<void>;
}

/** After this a host is resolved and checked again, even when its pool is busy. */
const LIFETIME_MS = 5 * 60_000;
/** A host that names a shorter time (`Keep-Alive: timeout=5`) is taken at its word, less two seconds. */
const IDLE_MS = 30_000;
const MAX_POOLS = 1_000;
/** Connections of one pool. Requests beyond it wait. One sandbox may have 256 requests under way (clients.ts). */
const MAX_CONNECTIONS = 1_024;
/** The longest wait for the head of an answer, and between two pieces of its body. */
const SILENCE_MS = 10 * 60_000;

interface OpenPool extends Upstream {
  readonly pool: Pool;
  readonly connection: PoolKey['connection'];
}

export interface UpstreamPoolsOptions {
  readonly dialer: GuardedDialer;
  /** @default five minutes */
  readonly lifetimeMs?: number;
}

/**
 * One pool for each key, at most a thousand. A pool is closed after `lifetimeMs`, or when it is the least recently used
 * one and another needs its place. The next request with its key gets a new pool.
 */
export function createUpstreamPools({ dialer, lifetimeMs = LIFETIME_MS }: UpstreamPoolsOptions): UpstreamPools {
  const open = new Set<Dispatcher>();
  const pools = new LRUCache<string, OpenPool>({
    max: MAX_POOLS,
    ttl: lifetimeMs,
    ttlAutopurge: true,
    dispose: ({ pool }) => closeLater(pool),
  });

  /** `close` lets open requests end; `destroy` would break them off. */
  function closeLater(dispatcher: Dispatcher): void {
    const forget = () => open.delete(dispatcher);
    dispatcher.close().then(forget, forget);
  }

  function create({ scope, scheme, connection, authority, exceptions, own }: PoolKey): OpenPool {
    const target: DialTarget = { ...authority, exceptions, scope, own: own ?? null };
    const origin = `${scheme}://${authority.host}:${authority.port}`;
    const options: Client.Options = {
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      headersTimeout: SILENCE_MS,
      bodyTimeout: SILENCE_MS,
      connect: (_options, callback) => {
        const dialling = scheme === 'https' ? dialer.connectTls(target) : dialer.connect(target);
        dialling.then(
          (socket) => callback(null, socket),
          (error: Error) => callback(error, null),
        );
      },
    };
    let closesEarly = false;
    const pool = new Pool(origin, {
      ...options,
      connections: MAX_CONNECTIONS,
      factory: (url, settings) =>
        new KeptClient(url, settings as Client.Options, () => {
          closesEarly = true;
        }),
    });
    open.add(pool);
    return {
      pool,
      connection,
      onKept: (request, handler) => pool.dispatch(request, handler),
      onNew: (request, handler) => {
        const client = new Client(origin, options);
        open.add(client);
        const isReady = client.dispatch({ ...request, reset: true }, handler);
        closeLater(client);
        return isReady;
      },
      get closesEarly() {
        return closesEarly;
      },
    };
  }

  return {
    get(key) {
      const name = JSON.stringify([
        key.scope,
        key.principal,
        key.scheme,
        key.connection,
        key.authority.host,
        key.authority.port,
        key.exceptions,
        key.own?.ca ?? null,
      ]);
      let upstream = pools.get(name);
      if (!upstream) {
        upstream = create(key);
        pools.set(name, upstream);
      }
      return upstream;
    },
    retain(isCurrent) {
      for (const [name, { connection }] of [...pools.entries()]) {
        if (connection !== null && !isCurrent(connection)) pools.delete(name);
      }
    },
    async destroy() {
      const all = [...open];
      pools.clear();
      await Promise.all(all.map((dispatcher) => dispatcher.destroy().catch(() => {})));
    },
  };
}
