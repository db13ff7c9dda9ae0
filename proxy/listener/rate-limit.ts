import type { MonotonicClock } from '../lease/lease-table.ts';

/** A token bucket for each key; keys that are full again are forgotten. */
export interface RateLimit {
  /** False when the key has used up its share. */
  take(key: string): boolean;
}

export interface RateLimitOptions {
  readonly clock: MonotonicClock;
  readonly perSecond: number;
  readonly burst: number;
}

const MAX_KEYS = 10_000;

export function createRateLimit({ clock, perSecond, burst }: RateLimitOptions): RateLimit {
  const buckets = new Map<string, { tokens: number; at: number }>();

  function filled({ tokens, at }: { tokens: number; at: number }): number {
    return Math.min(burst, tokens + ((clock.now() - at) / 1_000) * perSecond);
  }

  return {
    take(key) {
      if (buckets.size > MAX_KEYS) {
        for (const [each, bucket] of buckets) if (filled(bucket) >= burst) buckets.delete(each);
      }
      const tokens = filled(buckets.get(key) ?? { tokens: burst, at: clock.now() });
      const left = tokens >= 1 ? tokens - 1 : tokens;
      buckets.set(key, { tokens: left, at: clock.now() });
      return tokens >= 1;
    },
  };
}
