import type { WebClient } from '@slack/web-api';
import type { Queryable } from '../../store/database.ts';
import { blockBucket, takeToken } from '../../store/rate-bucket.ts';
import { failureOf, RateLimited } from './errors.ts';
import { DEFAULT_LIMIT, PER_CHANNEL, type RateLimits, SLACK_LIMITS } from './rate-limits.ts';

export interface PacedCalls {
  /**
   * Calls a Web API method when its bucket has a token; throws `RateLimited` when it has none or Slack answers 429.
   * `spare` is the part of the bucket (0 to 1) this caller leaves to more important ones.
   */
  call(method: string, args: Record<string, unknown>, spare?: number): Promise<Record<string, unknown>>;
}

export interface PacedCallsOptions {
  readonly db: Queryable;
  readonly client: WebClient;
  readonly team: string;
  /** @default Slack's documented limits */
  readonly limits?: RateLimits;
}

/**
 * Limits are shared by all processes, in PostgreSQL. A call that would exceed one rejects with `RateLimited` and is
 * not sent.
 */
export function createPacedCalls({ db, client, team, limits = SLACK_LIMITS }: PacedCallsOptions): PacedCalls {
  return {
    async call(method, args, spare = 0) {
      const channel = PER_CHANNEL.has(method) && typeof args.channel === 'string' ? args.channel : '';
      const key = { team, method, channel };
      const size = limits[method] ?? DEFAULT_LIMIT;
      const wait = await takeToken(db, key, size, Math.ceil(size.capacity * spare));
      if (wait > 0) throw new RateLimited(method, wait);
      try {
        return { ...(await client.apiCall(method, args)) };
      } catch (error) {
        const failure = failureOf(error);
        if (failure.kind === 'limited') await blockBucket(db, key, failure.waitMs);
        throw error;
      }
    },
  };
}
