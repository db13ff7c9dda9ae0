import { LRUCache } from 'lru-cache';
import { Pool } from 'undici';
import type { ScopeKey } from '../../contracts/scope.ts';
import type { Authority } from '../request/authority.ts';
import type { DialTarget, GuardedDialer } from './guarded-dialer.ts';

/** Whom a pooled connection may serve: nothing of one of these is ever used for another. */
export interface PoolKey {
  readonly scope: ScopeKey;
  readonly scheme: 'http' | 'https';
  /** With its credential version; null for what is forwarded bare. */
  readonly connection: string | null;
  readonly authority: Authority;
  readonly exceptions: DialTarget['exceptions'];
}

export interface UpstreamPools {
  get(key: PoolKey): Pool;
  /** Ends everything, what is under way too. */
  destroy(): Promise<void>;
}

/** After this a host is looked up and its addresses are checked again, however busy it is. */
const LIFETIME_MS = 5 * 60_000;
const IDLE_MS = 30_000;
const MAX_POOLS = 1_000;
/** Of one pool. More than the sandboxes of a scope have under way together; what comes over it waits. */
const MAX_CONNECTIONS = 1_024;
/** Between an accepted request and the head of its answer, and between two pieces of a body. */
const SILENCE_MS = 10 * 60_000;

export interface UpstreamPoolsOptions {
  readonly dialer: GuardedDialer;
  /** @default five minutes */
  readonly lifetimeMs?: number;
}

/** One pool for each key, at most a thousand: past that, or past `lifetimeMs`, the least used is closed and made anew when asked for. */
export function createUpstreamPools({ dialer, lifetimeMs = LIFETIME_MS }: UpstreamPoolsOptions): UpstreamPools {
  const open = new Set<Pool>();
  const pools = new LRUCache<string, Pool>({
    max: MAX_POOLS,
    ttl: lifetimeMs,
    ttlAutopurge: true,
    // Closed, not destroyed: what is under way on it goes on to its end.
    dispose: (pool) => {
      const forget = () => open.delete(pool);
      pool.close().then(forget, forget);
    },
  });

  function create({ scope, scheme, authority, exceptions }: PoolKey): Pool {
    const target: DialTarget = { ...authority, exceptions, scope };
    return new Pool(`${scheme}://${authority.host}:${authority.port}`, {
      connections: MAX_CONNECTIONS,
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
    });
  }

  return {
    get(key) {
      const name = JSON.stringify([
        key.scope,
        key.scheme,
        key.connection,
        key.authority.host,
        key.authority.port,
        key.exceptions,
      ]);
      let pool = pools.get(name);
      if (!pool) {
        pool = create(key);
        open.add(pool);
        pools.set(name, pool);
      }
      return pool;
    },
    async destroy() {
      const all = [...open];
      pools.clear();
      await Promise.all(all.map((pool) => pool.destroy().catch(() => {})));
    },
  };
}
