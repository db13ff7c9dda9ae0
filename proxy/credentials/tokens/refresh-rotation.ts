import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { KeyPair } from '../../../credentials/key-pair.ts';
import type { MonotonicClock } from '../../lease/lease-table.ts';
import type { MintedToken } from './minted-token.ts';
import type { Refreshed } from './oauth-parties.ts';
import type { RefreshSecret } from './oauth-tokens.ts';
import {
  type ChainKey,
  chainOf,
  openRotation,
  type RotationStore,
  type StoredRotation,
  sealRotation,
} from './rotated-tokens.ts';
import { asTokenError, TokenError } from './token-error.ts';

/** Sends a refresh token. `beforeSending` throws when it must not leave any more. */
export type Exchange = (secret: RefreshSecret, beforeSending: () => void) => Promise<Refreshed>;

export interface RefreshRequest {
  readonly connection: string;
  /** The secret that an administrator entered. */
  readonly entered: RefreshSecret;
  readonly exchange: Exchange;
  readonly signal: AbortSignal;
}

export interface RefreshRotation {
  /** @throws TokenError */
  mint(request: RefreshRequest): Promise<MintedToken>;
}

export interface RefreshRotationOptions {
  readonly store: RotationStore;
  readonly keys: KeyPair;
  readonly clock: MonotonicClock;
  readonly holdMs?: number;
}

/** How long a proxy holds a chain. */
const HOLD_MS = 30_000;
/** A refresh token leaves only in this part of the hold. An exchange takes 10 s at most (guarded-fetch.ts). */
const SEND_WITHIN = 0.5;
const ASK_AGAIN_MS = 250;
const MAX_UNSTORED = 1_000;

/**
 * Exchanges refresh tokens that may rotate (RFC 6749 6, RFC 9700 4.14.2): each answer may hold a new refresh token, and
 * the use of an old one may end all of them. Several proxies may share a connection. The steps of one exchange:
 *
 * 1. The proxy claims the chain in PostgreSQL for 30 s, and reads the newest refresh token with its generation, say 5.
 * 2. It sends this token, but only in the first half of its hold.
 * 3. The answer holds a new refresh token. It is sealed and stored as generation 6, on condition that 5 is the newest.
 * 4. Only then is the new access token used. Therefore no token is in use whose successor could be lost.
 *
 * Two proxies at once:
 * 1. A has claimed the chain. B's claim finds it held, and B asks again every quarter of a second.
 * 2. A stores generation 6 and releases the chain in the same statement.
 * 3. B claims and reads generation 6. Therefore 5 is sent once.
 *
 * The first one wakes late:
 * 1. A claims generation 5 and is stopped before it sends. Its hold ends. B claims, sends 5 and stores 6.
 * 2. A wakes up. `beforeSending` finds that half of the hold is over. Therefore A sends nothing.
 * 3. If A was stopped after it had sent, its answer comes late. Storing it fails, because 5 is not the newest any more.
 *    Therefore A throws its answer away, access token included, and reads 6 the next time.
 *
 * A crash between answer and store:
 * 1. A has sent 5, the endpoint has answered with 6, and A dies before 6 is stored.
 * 2. The hold ends, and B sends 5 again. Endpoints with a grace period answer again with 6. Others refuse with
 *    `invalid_grant`. Then an administrator has to enter a new refresh token: nobody knows 6.
 *
 * PostgreSQL is away between answer and store:
 * 1. The store fails. The sealed generation 6 stays in memory, and its access token is not used.
 * 2. The next attempt stores it first, on the same condition. Therefore 5 is not sent a second time by this proxy.
 */
export function createRefreshRotation(options: RefreshRotationOptions): RefreshRotation {
  const { store, keys, clock, holdMs = HOLD_MS } = options;
  /** Rotations that could not be stored yet, by chain. */
  const unstored = new LRUCache<string, () => Promise<boolean>>({ max: MAX_UNSTORED });

  async function claim(
    key: ChainKey,
    holder: string,
    signal: AbortSignal,
  ): Promise<StoredRotation & { until: number }> {
    for (;;) {
      const until = clock.now() + holdMs * SEND_WITHIN;
      const found = await stored(() => store.claim(key, holder, holdMs));
      if (found) return { ...found, until };
      await sleep(ASK_AGAIN_MS, undefined, { signal }).catch(() => {
        throw new TokenError('rotation_busy');
      });
    }
  }

  async function newest(key: ChainKey, { generation, sealed }: StoredRotation, entered: string): Promise<string> {
    if (!sealed) return entered;
    return stored(() => openRotation(keys, key, { generation, sealed }));
  }

  async function keep(key: ChainKey, generation: number, refreshToken: string): Promise<void> {
    const next = await stored(() => sealRotation(keys, key, generation + 1, refreshToken));
    const replace = () => store.replace(key, generation, next);
    unstored.set(key.seed, replace);
    const isNewest = await stored(replace);
    unstored.delete(key.seed);
    if (!isNewest) throw new TokenError('rotation_lost');
  }

  return {
    async mint({ connection, entered, exchange, signal }) {
      const key = chainOf(keys, connection, entered.refresh_token);
      const late = unstored.get(key.seed);
      if (late) {
        await stored(late);
        unstored.delete(key.seed);
      }
      const holder = randomUUID();
      const { until, ...current } = await claim(key, holder, signal);
      try {
        const secret = { ...entered, refresh_token: await newest(key, current, entered.refresh_token) };
        const { token, refreshToken } = await exchange(secret, () => {
          if (clock.now() >= until) throw new TokenError('rotation_lost');
        });
        if (refreshToken === null) await store.release(key, holder).catch(() => {});
        else await keep(key, current.generation, refreshToken);
        return token;
      } catch (error) {
        await store.release(key, holder).catch(() => {});
        throw asTokenError(error);
      }
    },
  };
}

/** @throws TokenError `rotation_not_stored` */
async function stored<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw new TokenError('rotation_not_stored', error instanceof Error ? error.name : null);
  }
}
