/** The simulated Slack workspace, as the web app knows it. */

export type PersonKind = 'member' | 'guest' | 'external' | 'bot';

export interface SlackPerson {
  readonly id: string;
  /** Handle without `@`. */
  readonly name: string;
  readonly realName: string;
  readonly title: string;
  readonly kind: PersonKind;
}

export interface SlackChannel {
  readonly id: string;
  /** Without `#`; empty for a one-to-one DM. */
  readonly name: string;
  readonly kind: 'public' | 'private' | 'im' | 'mpim';
  readonly topic: string;
  readonly members: readonly string[];
  readonly archived: boolean;
}

export interface SlackFile {
  readonly id: string;
  readonly name: string;
  readonly mimetype: string;
  /** Bytes. */
  readonly size: number;
  readonly altText: string | null;
}

export interface SlackReaction {
  readonly name: string;
  readonly users: readonly string[];
}

/** A Block Kit block; only its `type` is known for certain. */
export interface SlackBlock {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface SlackMessage {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | null;
  readonly user: string;
  readonly text: string;
  readonly blocks: readonly SlackBlock[];
  readonly files: readonly SlackFile[];
  readonly reactions: readonly SlackReaction[];
  readonly edited: boolean;
  readonly deleted: boolean;
  /** Somebody joined or left. */
  readonly system: boolean;
  /** Set for an ephemeral message: the one person who sees it. */
  readonly visibleTo: string | null;
}

/** The line under a thread while the agent works. */
export interface SlackStatus {
  readonly channel: string;
  readonly threadTs: string;
  readonly status: string;
}

/** A modal that a person has open, or their Home tab of the app. */
export interface SlackView {
  readonly id: string;
  readonly type: 'modal' | 'home';
  /** The one person who sees it. */
  readonly user: string;
  readonly title: string | null;
  readonly submit: string | null;
  readonly close: string | null;
  readonly blocks: readonly SlackBlock[];
  /** What the app refused of the last submission, by block id. */
  readonly errors: Readonly<Record<string, string>>;
}

/** What became of a modal that was sent. */
export interface SlackSubmitted {
  readonly closed: boolean;
  /** By block id; the empty one is about the whole form. */
  readonly errors: Readonly<Record<string, string>>;
}

export interface SlackWorkspace {
  readonly team: { readonly id: string; readonly name: string };
  /** User id of the agent. */
  readonly app: string;
  /** Whether the agent's Slack app is connected just now. */
  readonly connected: boolean;
  readonly people: readonly SlackPerson[];
  readonly channels: readonly SlackChannel[];
  /** Everything there is, oldest first. */
  readonly messages: readonly SlackMessage[];
  readonly statuses: readonly SlackStatus[];
  /** The newest last. */
  readonly views: readonly SlackView[];
}

export type SlackChange =
  | { readonly type: 'message'; readonly message: SlackMessage }
  | { readonly type: 'removed'; readonly channel: string; readonly ts: string }
  | { readonly type: 'status'; readonly status: SlackStatus }
  | { readonly type: 'channel'; readonly channel: SlackChannel }
  | { readonly type: 'view'; readonly view: SlackView }
  | { readonly type: 'view-closed'; readonly id: string }
  | { readonly type: 'connected'; readonly connected: boolean };
