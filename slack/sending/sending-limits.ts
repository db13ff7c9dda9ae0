import type { SendingLimit } from '../../store/outbox-claims.ts';
import { limitOf, PER_CHANNEL, type RateLimits } from '../api/rate-limits.ts';

/** The calls that rows of the outbox need (column `method`), the most important first. */
const METHODS = [
  'chat.postMessage',
  'chat.update',
  'chat.stopStream',
  'chat.delete',
  'chat.startStream',
  'chat.appendStream',
  'conversations.replies',
  'conversations.history',
  'files.completeUploadExternal',
  'files.getUploadURLExternal',
  'chat.postEphemeral',
  'reactions.remove',
  'reactions.add',
  'assistant.threads.setStatus',
];
/** The part of a bucket that live lines and notices leave to answers. Only these calls carry both. */
const RESERVE: Readonly<Record<string, number>> = {
  'chat.postMessage': 0.4,
  'chat.update': 0.4,
  'chat.stopStream': 0.4,
};

/**
 * A live line is posted only where nothing was posted lately, which is where the bucket is full. Its post takes the place of an answer in
 * a channel where many ask at once, and it is deleted a moment later.
 */
const LIVE_NEEDS_ALL: ReadonlySet<string> = new Set(['chat.postMessage']);

/** Slack's limits as the outbox needs them. */
export function sendingLimits(limits: RateLimits): SendingLimit[] {
  return METHODS.map((method) => {
    const { capacity, perSecond } = limitOf(limits, method);
    const reserve = Math.ceil(capacity * (RESERVE[method] ?? 0));
    const liveReserve = LIVE_NEEDS_ALL.has(method) ? Math.max(reserve, capacity - 1) : reserve;
    return { method, capacity, perSecond, reserve, liveReserve, perChannel: PER_CHANNEL.has(method) };
  });
}
