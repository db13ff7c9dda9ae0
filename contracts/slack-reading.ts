/** What tools read of Slack, as the gateway gives it to them. Nothing of it is in workflow histories. */
import type { SessionId } from './ids.ts';

/** For whom a tool reads: one turn of a session. */
export interface Reader {
  readonly session: SessionId;
  readonly turn: number;
}

/** A message as people see it. */
export interface SeenMessage {
  /** Slack's name of the message, by which older ones are asked for. */
  readonly ts: string;
  /** The author's name; the id where no name is known. */
  readonly author: string;
  /** `member`, `guest`, `external`, `bot`, `unknown`, or `agent` for the agent itself. */
  readonly authorClass: string;
  /** Plain text. Somebody else's words in it stand under a line that says so. */
  readonly text: string;
  /** The replies under it, where it is the first message of a thread and is not read in it. */
  readonly replies?: number;
  readonly link?: string;
}

/** A part of a thread or a channel. */
export interface SeenPage {
  /** What was read, in words: `this thread`, `the thread … in #general`. */
  readonly place: string;
  /** The first message of the thread, when it is not in `messages`. */
  readonly root: SeenMessage | null;
  /** Oldest first. */
  readonly messages: readonly SeenMessage[];
  /** How many older ones there are beyond these (and beyond the root). Null: some, and nobody has counted them. */
  readonly older: number | null;
  /** Whether there are newer ones than these. */
  readonly hasNewer: boolean;
  /** What else was left out, and why, in words. */
  readonly notes: readonly string[];
}

/** Why something is not read or done, in words for the model. */
export interface NotAllowed {
  readonly refused: string;
}

export interface PageWish {
  readonly limit: number;
  /** Only messages older than the one of this `ts`. */
  readonly before?: string | undefined;
}

/** Slack, as far as tools may read it. Every answer is bounded; throws what the Web API throws, also when a limit is reached. */
export interface SlackRoom {
  /** The session's own thread. */
  thread(reader: Reader, wish: PageWish, signal: AbortSignal): Promise<SeenPage | NotAllowed>;
}
