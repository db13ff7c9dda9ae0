import type { BucketSize } from '../../store/rate-bucket.ts';

/**
 * How much longer one call may take to Slack than another, in seconds. The first call on a new connection takes longest.
 *
 * Slack counts a call when it arrives, and we count it before it leaves. Without any room:
 * 1. Ten posts leave together. They arrive 300 ms later, and Slack counts them then.
 * 2. A second after they left we have a token again, and the next post leaves. It arrives at once.
 * 3. By Slack's count a second is not over, and the post is refused.
 * In each span of time, Slack sees at most what left within the same span and this much before it. Therefore the buckets
 * hold less than Slack's, by what comes back within this time.
 */
export const ARRIVAL_SPREAD_S = 0.5;

/** What we keep to, when Slack takes `burst` calls at once and `perSecond` after them. */
function within(burst: number, perSecond: number): BucketSize {
  return { capacity: burst - perSecond * ARRIVAL_SPREAD_S, perSecond };
}

/** Slack's tiers are calls per minute for each method, workspace and app. Slack accepts bursts of that size. */
function perMinute(calls: number): BucketSize {
  return within(calls, calls / 60);
}

/** Half of what Slack takes, because every message that grows has to be stopped once, and stops are Tier 2 as well. */
const HALF_OF_TIER_2 = perMinute(10);
const TIER_2 = perMinute(20);
const TIER_3 = perMinute(50);
const TIER_4 = perMinute(100);

export type RateLimits = Readonly<Record<string, BucketSize>>;

/** From docs.slack.dev, "Rate limits" and each method's page. Posting allows one message a second in each channel. */
export const SLACK_LIMITS: RateLimits = {
  'chat.postMessage': within(10, 1),
  'chat.postEphemeral': TIER_4,
  'chat.update': TIER_3,
  'chat.delete': TIER_3,
  'chat.startStream': HALF_OF_TIER_2,
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
  'pins.list': TIER_2,
  'users.conversations': TIER_3,
  'users.list': TIER_2,
  'users.info': TIER_4,
  'files.info': TIER_4,
  'files.getUploadURLExternal': TIER_4,
  'files.completeUploadExternal': TIER_4,
  'views.open': TIER_4,
  'views.publish': TIER_4,
  'views.update': TIER_4,
};

/** The limit of a method that is not listed. */
const DEFAULT_LIMIT: BucketSize = TIER_2;
/** Methods whose limit is counted for each channel. */
export const PER_CHANNEL: ReadonlySet<string> = new Set(['chat.postMessage']);

/** The limit of one method. */
export function limitOf(limits: RateLimits, method: string): BucketSize {
  return limits[method] ?? DEFAULT_LIMIT;
}
