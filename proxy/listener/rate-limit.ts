import type { MonotonicClock } from '../lease/lease-table.ts';

/** A token bucket for each key; keys that are full again are forgotten. */
export interface RateLimit {
  /** False when the key has used up its share. */
  take(key: string): boolean;
  /** Takes one in any case: how long to keep the key waiting for it, in milliseconds; 0 within its share. */
  owe(key: string): number;
}

export interface RateLimitOptions {
  readonly clock: MonotonicClock;
  readonly perSecond: number;
  readonly burst: number;
}

const MAX_KEYS = 10_000;
/** Nobody is kept waiting longer, however much was owed. */
const MAX_WAIT_S = 5;

/** A key begins with `burst` and gets `perSecond` back; whoever owes is kept waiting five seconds at most. */
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
