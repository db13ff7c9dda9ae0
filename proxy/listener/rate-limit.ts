import type { MonotonicClock } from '../lease/lease-table.ts';

/** A token bucket for each key. When there are many keys, those with a full bucket are forgotten. */
export interface RateLimit {
  /** Takes a token. False when the bucket is empty. */
  take(key: string): boolean;
  /**
   * Takes a token even from an empty bucket. Returns how many milliseconds to delay the caller, 0 when a token was
   * there.
   */
  owe(key: string): number;
}

export interface RateLimitOptions {
  readonly clock: MonotonicClock;
  readonly perSecond: number;
  readonly burst: number;
}

const MAX_KEYS = 10_000;
/** The longest delay in seconds. A bucket never owes more than this. */
const MAX_WAIT_S = 5;

/**
 * A bucket begins with `burst` tokens and regains `perSecond` of them.
 *
 * @example With `{ perSecond: 50, burst: 500 }`, 500 refusals are answered at once. The 501st is delayed by 20 ms, the
 * 502nd by 40 ms, and none by more than five seconds.
 */
export function createRateLimit({ clock, perSecond, burst }: RateLimitOptions): RateLimit {
  const buckets = new Map<string, { tokens: number; at: number }>();

  function filled({ tokens, at }: { tokens: number; at: number }): number {
    return Math.min(burst, tokens + ((clock.now() - at) / 1_000) * perSecond);
  }

  function tokensOf(key: string): number {
    if (buckets.size > MAX_KEYS) {
      for (const [each, bucket] of buckets) if (filled(bucket) >= burst) buckets.delete(each);
    }
    return filled(buckets.get(key) ?? { tokens: burst, at: clock.now() });
  }

  return {
    take(key) {
      const tokens = tokensOf(key);
      buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, at: clock.now() });
      return tokens >= 1;
    },
    owe(key) {
      const tokens = Math.max(tokensOf(key) - 1, -MAX_WAIT_S * perSecond);
      buckets.set(key, { tokens, at: clock.now() });
      return tokens >= 0 ? 0 : (-tokens / perSecond) * 1_000;
    },
  };
}
