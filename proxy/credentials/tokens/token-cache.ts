import { LRUCache } from 'lru-cache';
import type { MonotonicClock } from '../../lease/lease-table.ts';
import type { MintedToken } from './minted-token.ts';
import { orAborted } from './or-aborted.ts';
import { asTokenError, type TokenError } from './token-error.ts';

/** Asks a token endpoint. The signal ends it. */
export type Mint = (signal: AbortSignal) => Promise<MintedToken>;

export interface TokenCache {
  /**
   * The token of a key. When there is none, one caller fetches it and all others of the key wait for it.
   *
   * @param owner the connection that the token belongs to, for {@link retain}
   * @param signal ends the wait of this caller alone
   * @throws TokenError, or the reason of the signal
   */
  get(owner: string, key: string, mint: Mint, signal: AbortSignal): Promise<string>;
  /**
   * Forgets a token that its host has answered with 401, so that the next `get` fetches another one. False when it is
   * kept all the same, because it has replaced another refused one a moment ago.
   */
  drop(key: string, value: string): boolean;
  /** Forgets all tokens of connections that do not satisfy the test. */
  retain(isKept: (owner: string) => boolean): void;
  /** Resolves when nothing is being fetched. */
  idle(): Promise<void>;
}

export interface TokenCacheOptions {
  readonly clock: MonotonicClock;
  /** A token could not be renewed while the old one is still good. No request fails by it, so it has no event. */
  readonly onRenewalFailed: (owner: string, error: TokenError) => void;
  readonly maxTokens?: number;
}

interface Entry {
  readonly owner: string;
  token: { readonly value: string; readonly renewAt: number; readonly goodUntil: number } | null;
  minting: Promise<string> | null;
  failure: { readonly error: TokenError; readonly count: number; readonly until: number } | null;
  /** When a token was last dropped after a 401. */
  droppedAt: number | null;
}

const MAX_TOKENS = 5_000;
/** However long the single steps of a mint may take. */
const MINT_MS = 30_000;
const RENEW_AT = 0.8;
const RENEW_BEFORE_MS = 5 * 60_000;
/** A token is not used any more this long before its end, so that it does not end on its way. */
const MARGIN_MS = 10_000;
const MARGIN = 0.1;
const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 30_000;
/** A host that answers every request with 401 does not make each of them fetch a token. */
const DROPS_APART_MS = 30_000;

/**
 * Tokens in memory, with one fetch at a time for each key.
 *
 * A token is renewed at 80 % of its life, or five minutes before its end if that is later. The first request after that
 * moment starts the renewal and goes on with the old token. Nothing is renewed when nobody asks.
 *
 * After a failure the endpoint is left alone for two seconds, then four, at most thirty. Requests meanwhile get the same
 * error at once, or the old token while it is good.
 */
export function createTokenCache({ clock, onRenewalFailed, maxTokens = MAX_TOKENS }: TokenCacheOptions): TokenCache {
  const entries = new LRUCache<string, Entry>({ max: maxTokens });
  /** Also those whose entry is gone. */
  const underWay = new Set<Promise<unknown>>();

  function begin(entry: Entry, mint: Mint): Promise<string> {
    const askedAt = clock.now();
    const minting = mint(AbortSignal.timeout(MINT_MS)).then(
      ({ value, lifeMs }) => {
        const margin = Math.min(MARGIN_MS, lifeMs * MARGIN);
        entry.token = {
          value,
          renewAt: askedAt + Math.max(lifeMs * RENEW_AT, lifeMs - RENEW_BEFORE_MS),
          goodUntil: askedAt + lifeMs - margin,
        };
        entry.failure = null;
        entry.minting = null;
        return value;
      },
      (thrown: unknown) => {
        const error = asTokenError(thrown);
        const count = (entry.failure?.count ?? 0) + 1;
        const pause = Math.min(FIRST_PAUSE_MS * 2 ** (count - 1), LONGEST_PAUSE_MS);
        entry.failure = { error, count, until: clock.now() + pause };
        entry.minting = null;
        throw error;
      },
    );
    entry.minting = minting;
    // Requests that wait see the error. There may be none.
    const ended = minting.catch(() => {}).finally(() => underWay.delete(ended));
    underWay.add(ended);
    return minting;
  }

  function renewInBackground(entry: Entry, mint: Mint): void {
    begin(entry, mint).catch((error: TokenError) => onRenewalFailed(entry.owner, error));
  }

  return {
    async get(owner, key, mint, signal) {
      signal.throwIfAborted();
      let entry = entries.get(key);
      if (!entry) {
        entry = { owner, token: null, minting: null, failure: null, droppedAt: null };
        entries.set(key, entry);
      }
      const { token, failure } = entry;
      const now = clock.now();
      const isPaused = failure !== null && now < failure.until;
      if (token && now < token.goodUntil) {
        if (now >= token.renewAt && !entry.minting && !isPaused) renewInBackground(entry, mint);
        return token.value;
      }
      if (!entry.minting && isPaused) throw failure.error;
      return orAborted(entry.minting ?? begin(entry, mint), signal);
    },
    drop(key, value) {
      const entry = entries.peek(key);
      // It was replaced already, so there is another one to try.
      if (entry?.token?.value !== value) return true;
      const now = clock.now();
      if (entry.droppedAt !== null && now - entry.droppedAt < DROPS_APART_MS) return false;
      entry.token = null;
      entry.droppedAt = now;
      return true;
    },
    retain(isKept) {
      for (const [key, { owner }] of [...entries.entries()]) if (!isKept(owner)) entries.delete(key);
    },
    async idle() {
      await Promise.all(underWay);
    },
  };
}
