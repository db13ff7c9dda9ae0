import type { Listen } from '../../access/document.ts';

/** What is known of a message that was written without a mention in a thread that the agent has joined. */
export interface Untagged {
  /** Whose untagged words count there. */
  readonly listen: Listen;
  readonly isMuted: boolean;
  /** It tags another person, a user group or a whole channel. */
  readonly tagsOthers: boolean;
  /** It names the agent, without Slack's mark of a mention. */
  readonly namesUs: boolean;
  /** Its author has mentioned the agent in this thread before. */
  readonly hasAsked: boolean;
  /** When somebody else has tagged its author, who has said nothing since. In seconds since 1970. */
  readonly taggedAt: number | null;
  /** When the agent last answered in the thread. */
  readonly answeredAt: Date | null;
}

/** Who is tagged answers within that many seconds. What comes later is no answer to it. */
export const ANSWER_WITHIN_S = 15 * 60;

/**
 * Whether an untagged message is meant for the agent. It is, unless it plainly speaks to somebody else: it tags others, or it is the first
 * thing that somebody says after another person has tagged them. What the agent has answered meanwhile is spoken of as well, so then it is no
 * plain answer to that person.
 */
export function isForAgent(message: Untagged): boolean {
  const { listen, isMuted, hasAsked, tagsOthers, namesUs, taggedAt, answeredAt } = message;
  if (isMuted || listen === 'mentions' || tagsOthers) return false;
  if (listen === 'requester' && !hasAsked) return false;
  if (taggedAt === null || namesUs) return true;
  return answeredAt !== null && answeredAt.getTime() / 1_000 > taggedAt;
}
