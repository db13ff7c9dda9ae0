import type { Timers } from '../timers.ts';

/** What one bucket holds, and how much comes back a second. */
interface Limit {
  readonly capacity: number;
  readonly perSecond: number;
  /** Counted for each channel instead of the workspace. */
  readonly perChannel?: boolean;
}

/** Slack's tiers are calls a minute for each method, app and workspace (docs.slack.dev, "Rate limits"). */
function tier(callsAMinute: number): Limit {
  return { capacity: callsAMinute, perSecond: callsAMinute / 60 };
}

const TIER_2 = tier(20);
const TIER_3 = tier(50);
const TIER_4 = tier(100);

/** As each method's page has it. Slack allows "short bursts" of posts without a number; ten is taken here. */
const LIMITS: Readonly<Record<string, Limit>> = {
  'chat.postMessage': { capacity: 10, perSecond: 1, perChannel: true },
  'chat.postEphemeral': TIER_4,
  'chat.update': TIER_3,
  'chat.delete': TIER_3,
  'chat.startStream': TIER_2,
  'chat.appendStream': TIER_4,
  'chat.stopStream': TIER_2,
  'reactions.add': TIER_3,
  'reactions.remove': TIER_2,
  'assistant.threads.setStatus': TIER_4,
  'conversations.replies': TIER_3,
  'conversations.history': TIER_3,
  'conversations.info': TIER_3,
  'conversations.list': TIER_2,
  'conversations.members': TIER_4,
  'conversations.open': TIER_3,
  'pins.list': TIER_2,
  'users.conversations': TIER_3,
  'users.info': TIER_4,
  'users.list': TIER_2,
  'files.info': TIER_4,
  'files.getUploadURLExternal': TIER_4,
  'files.completeUploadExternal': TIER_4,
};
const FREE: ReadonlySet<string> = new Set(['auth.test', 'apps.connections.open']);

export interface RateLimiter {
  /** Null when the call may be made; otherwise `Retry-After` in whole seconds, as Slack gives it. */
  take(method: string, args: Readonly<Record<string, unknown>>): number | null;
}

/** Limits calls as Slack does. A call that comes too early gets 429 and the seconds to wait. */
export function createRateLimiter(timers: Timers, now: () => number): RateLimiter {
  const buckets = new Map<string, { tokens: number; at: number }>();
  // A full bucket is as good as none.
  timers.every(60_000, () => {
    for (const [key, { at }] of buckets) if (now() - at > 120_000) buckets.delete(key);
  });
  return {
    take(method, args) {
      if (FREE.has(method)) return null;
      const limit = LIMITS[method] ?? TIER_3;
      const key = limit.perChannel ? `${method} ${args.channel}` : method;
      const bucket = buckets.get(key) ?? { tokens: limit.capacity, at: now() };
      const tokens = Math.min(limit.capacity, bucket.tokens + ((now() - bucket.at) / 1_000) * limit.perSecond);
      const taken = tokens >= 1;
      buckets.set(key, { tokens: taken ? tokens - 1 : tokens, at: now() });
      return taken ? null : Math.max(1, Math.ceil((1 - tokens) / limit.perSecond));
    },
  };
}
