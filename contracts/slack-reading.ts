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
  /** The name with which the next page begins, where that is not the oldest message shown. */
  readonly next?: string | undefined;
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

/** Somebody of the workspace. */
export interface FoundPerson {
  readonly id: string;
  readonly name: string;
  readonly realName: string;
  readonly title: string;
  readonly zone: string;
  readonly class: string;
}

/** A public channel. */
export interface FoundChannel {
  readonly name: string;
  readonly topic: string;
  readonly shared: boolean;
  readonly appIsMember: boolean;
}

export interface Found<Item> {
  readonly found: readonly Item[];
  /** How many more there are. */
  readonly more: number;
}

export interface SearchWish {
  readonly words: string;
  /** Only this channel. */
  readonly channel?: string | undefined;
}

/** Hits of a search, and what was searched for them. */
export interface SearchResult {
  /** Newest first. */
  readonly hits: readonly (SeenMessage & { readonly place: string })[];
  readonly more: number;
  /** In words: which channels, how far back, and what was not searched. */
  readonly searched: readonly string[];
}

export interface PostWish {
  readonly channel: string;
  readonly text: string;
}

/** A post that is allowed. */
export interface PostPlan {
  /** `#general` */
  readonly label: string;
  /** The line under it, which says from where and for whom. */
  readonly line: string;
  /** The person has to approve it first. */
  readonly ask: boolean;
}

/** What became of a post: `slow` when Slack has not answered yet. */
export type Posted = { readonly link: string } | { readonly failed: string } | { readonly slow: true };

/** What became of the removal of a message: `kept` where Slack lets nobody delete, `slow` when Slack has not answered yet. */
export type Removed =
  | { readonly messages: number }
  | { readonly kept: true }
  | { readonly failed: string }
  | { readonly slow: true };

/** Slack, as far as tools may use it. Every answer is bounded; throws what the Web API throws, also when a limit is reached. */
export interface SlackRoom {
  /** The session's own thread. */
  thread(reader: Reader, wish: PageWish, signal: AbortSignal): Promise<SeenPage | NotAllowed>;
  /** What is said in a channel, without replies. The channel of the session without `channel`. */
  channel(
    reader: Reader,
    wish: PageWish & { readonly channel?: string | undefined },
    signal: AbortSignal,
  ): Promise<SeenPage | NotAllowed>;
  pins(
    reader: Reader,
    wish: { readonly channel?: string | undefined },
    signal: AbortSignal,
  ): Promise<SeenPage | NotAllowed>;
  /** The message behind a link, with the thread that it stands in. */
  message(
    reader: Reader,
    wish: PageWish & { readonly link: string },
    signal: AbortSignal,
  ): Promise<SeenPage | NotAllowed>;
  people(reader: Reader, name: string): Promise<Found<FoundPerson> | NotAllowed>;
  channels(reader: Reader, name: string): Promise<Found<FoundChannel> | NotAllowed>;
  search(reader: Reader, wish: SearchWish, signal: AbortSignal): Promise<SearchResult | NotAllowed>;
  /** Whether a post would be allowed. Changes nothing. */
  planPost(reader: Reader, wish: PostWish): Promise<PostPlan | NotAllowed>;
  /** Posts once under `key`, however often it is called, and waits a while for Slack. Judges anew whether it is allowed. */
  post(reader: Reader, key: string, wish: PostWish, signal: AbortSignal): Promise<Posted | NotAllowed>;
  /**
   * Deletes a message that the session has posted: the one behind `link`, or its newest answer in its thread. `by` is the call; repeated, it
   * deletes nothing more.
   */
  remove(
    reader: Reader,
    by: string,
    wish: { readonly link?: string | undefined },
    signal: AbortSignal,
  ): Promise<Removed | NotAllowed>;
}
