export interface Said {
  readonly author: string;
  readonly at: Date;
}

export interface ThreadSoFar {
  /** What people said before this message, in any order. */
  readonly said: readonly Said[];
  /** When the agent last answered there; null when it has not. */
  readonly answeredAt: Date | null;
}

export interface UntaggedMessage {
  readonly author: string;
  readonly at: Date;
  /** It tags another person, a group or a channel. */
  readonly tagsOthers: boolean;
}

/** A third party is gone when silent for that long, and answered since. */
const GONE_MS = 15 * 60_000;

/**
 * Whether an untagged message in a thread the agent has joined is meant for it: while one person talks to it and
 * tags nobody else. Everything else there is context.
 */
export function isAddressed(message: UntaggedMessage, thread: ThreadSoFar): boolean {
  if (message.tagsOthers) return false;
  const lastWords = new Map<string, Date>();
  for (const { author, at } of thread.said) {
    const known = lastWords.get(author);
    if (author !== message.author && (!known || known < at)) lastWords.set(author, at);
  }
  return [...lastWords.values()].every((at) => isGone(at, message.at, thread.answeredAt));
}

function isGone(lastWord: Date, now: Date, answeredAt: Date | null): boolean {
  const silent = now.getTime() - lastWord.getTime() >= GONE_MS;
  return silent && answeredAt !== null && answeredAt > lastWord;
}
