export type ConversationKind = 'channel' | 'thread';

/** A channel, or a thread in one, in a catch-up. */
export interface Conversation {
  readonly kind: ConversationKind;
  readonly channel: string;
  readonly threadTs: string | null;
  /** When something last happened there, as far as is known. */
  activeAt: number;
  /** What was said before need not be read again; null when nothing was read yet. */
  readUntil: Date | null;
  /** A thread that is to be read. A channel is to be read whenever it was not read up to the end of the gap. */
  isWanted: boolean;
  /** It could not be read: left to the next try. */
  hasFailed: boolean;
}

interface KnownConversation {
  readonly channel: string;
  readonly activeAt?: Date;
}

interface WantedThread extends KnownConversation {
  readonly threadTs: string;
  readonly readFrom: Date;
}

/** The channels and threads of one catch-up, and the order in which they are read. */
export interface ReadingList {
  /** A channel that may have something new. */
  add(conversation: KnownConversation): Conversation;
  /** A thread that may have something new, unless it was read since `target`: what was said later we have heard. */
  want(thread: WantedThread, target: Date): void;
  /** Everything said there before `until` was read. */
  read(conversation: Conversation, until: Date): void;
  fail(conversation: Conversation): void;
  /** What was read counts no more: the gap begins earlier than was known. */
  forget(): void;
  /** The next conversation to read that is not read until `target`; null when there is none. */
  next(kind: ConversationKind, target: Date, isFree: (conversation: Conversation) => boolean): Conversation | null;
}

/** Every fourth read goes to the conversation that has waited longest. */
const TURN = 4;

/**
 * Conversations that were active lately come first, because somebody waits there. But every fourth read goes to the one that has waited
 * longest, so that a connection that breaks again and again starves no quiet one.
 */
export function createReadingList(): ReadingList {
  const list = new Map<string, Conversation>();
  let turn = 0;

  const known = (channel: string, threadTs: string | null, activeAt: Date | undefined): Conversation => {
    const key = `${channel}:${threadTs ?? ''}`;
    const conversation: Conversation = list.get(key) ?? {
      kind: threadTs === null ? 'channel' : 'thread',
      channel,
      threadTs,
      activeAt: 0,
      readUntil: null,
      isWanted: false,
      hasFailed: false,
    };
    conversation.activeAt = Math.max(conversation.activeAt, activeAt?.getTime() ?? 0);
    list.set(key, conversation);
    return conversation;
  };

  return {
    add: ({ channel, activeAt }) => known(channel, null, activeAt),
    want({ channel, threadTs, activeAt, readFrom }, target) {
      const conversation = known(channel, threadTs, activeAt);
      if (conversation.isWanted || (conversation.readUntil && conversation.readUntil >= target)) return;
      conversation.readUntil = readFrom;
      conversation.isWanted = true;
    },
    read(conversation, until) {
      conversation.readUntil = until;
      conversation.isWanted = false;
    },
    fail(conversation) {
      conversation.hasFailed = true;
    },
    forget() {
      for (const conversation of list.values()) conversation.readUntil = null;
    },
    next(kind, target, isFree) {
      const waiting = [...list.values()].filter(
        (conversation) =>
          conversation.kind === kind &&
          !conversation.hasFailed &&
          isFree(conversation) &&
          (kind === 'thread'
            ? conversation.isWanted
            : conversation.readUntil === null || conversation.readUntil < target),
      );
      turn += 1;
      const age = (conversation: Conversation): number => conversation.readUntil?.getTime() ?? 0;
      const isLongest = turn % TURN === 0;
      return waiting.reduce<Conversation | null>((best, conversation) => {
        if (!best) return conversation;
        const sooner = isLongest
          ? age(conversation) - age(best) || best.activeAt - conversation.activeAt
          : best.activeAt - conversation.activeAt || age(conversation) - age(best);
        return sooner < 0 ? conversation : best;
      }, null);
    },
  };
}
