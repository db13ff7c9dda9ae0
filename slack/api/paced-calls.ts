import type { WebClient } from '@slack/web-api';
import type { Queryable } from '../../store/database.ts';
import { blockBucket, takeToken } from '../../store/rate-bucket.ts';
import { failureOf, RateLimited } from './errors.ts';
import { limitOf, PER_CHANNEL, type RateLimits, SLACK_LIMITS } from './rate-limits.ts';

export interface PacedCalls {
  /**
   * Calls a Web API method if its bucket has a token. Throws `RateLimited` if it has none or Slack answers 429. `spare`
   * is the part of the bucket (0 to 1) that this caller leaves to more important ones.
   */
  call(method: string, args: Record<string, unknown>, spare?: number): Promise<Record<string, unknown>>;
}

export interface GrantedCalls extends PacedCalls {
  /** For the sender that has claimed an outbox row: the first call of `method` uses the token taken with the claim. */
  granted(method: string): PacedCalls;
}

export interface PacedCallsOptions {
  readonly db: Queryable;
  readonly client: WebClient;
  readonly team: string;
  /** @default Slack's documented limits */
  readonly limits?: RateLimits;
}

/**
 * Makes Slack calls within Slack's rate limits, which all processes share through PostgreSQL. A call that would exceed
 * a limit is not sent and rejects with `RateLimited`.
 */
export function createPacedCalls({ db, client, team, limits = SLACK_LIMITS }: PacedCallsOptions): GrantedCalls {
  const bucketOf = (method: string, args: Record<string, unknown>) => {
    const channel = PER_CHANNEL.has(method) && typeof args.channel === 'string' ? args.channel : '';
    return { team, method, channel };
  };

  const send = async (method: string, args: Record<string, unknown>): Promise<Record<string, unknown>> => {
    try {
      return { ...(await client.apiCall(method, args)) };
    } catch (error) {
      const failure = failureOf(error);
      if (failure.kind === 'limited') await blockBucket(db, bucketOf(method, args), failure.waitMs);
      throw error;
    }
  };

  const call: PacedCalls['call'] = async (method, args, spare = 0) => {
    const size = limitOf(limits, method);
    const wait = await takeToken(db, bucketOf(method, args), size, Math.ceil(size.capacity * spare));
    if (wait > 0) throw new RateLimited(method, wait);
    return send(method, args);
  };

  return {
    call,
    granted(grantedMethod) {
      let unused = true;
      return {
        call(method, args, spare) {
          if (!unused || method !== grantedMethod) return call(method, args, spare);
          unused = false;
          return send(method, args);
        },
      };
    },
  };
}
