/** A third party is gone when silent for that long, and answered since. */
const GONE_MS = 15 * 60_000;

/**
 * An untagged message in a thread that the agent has joined is meant for the agent while one person talks to it and tags nobody else.
 * Everything else there is context.
 *
 * @param at when the message was written
 * @param answeredAt when the agent last answered in the thread; null when it has not
 * @returns the time after which a word of anybody else makes the message talk between people
 */
export function thirdPartiesCountSince(at: Date, answeredAt: Date | null): Date {
  return new Date(answeredAt === null ? 0 : Math.min(at.getTime() - GONE_MS, answeredAt.getTime() - 1));
}
