/** The things a Slack workspace is made of, as the simulator keeps them. Field names of the Web API appear only in `api/`. */

export type PersonKind = 'member' | 'admin' | 'guest' | 'single-channel-guest' | 'stranger' | 'bot' | 'slackbot';

export interface Person {
  /** Slack user id, `U` and ten characters. */
  readonly id: string;
  /** Handle without `@`; what `as` of the control API accepts beside the id. */
  readonly name: string;
  readonly realName: string;
  readonly title: string;
  kind: PersonKind;
  /** How often an administrator has changed what they are. Absent: never. */
  changes?: number;
  readonly teamId: string;
  /** IANA time zone. */
  readonly tz: string;
  readonly email: string | null;
  /** Set for bot users: the bot behind the user. */
  readonly bot: Bot | null;
}

export interface Bot {
  readonly botId: string;
  readonly appId: string;
}

export type ChannelKind = 'public' | 'private' | 'im' | 'mpim';

export interface Channel {
  readonly id: string;
  /** Without `#`; empty for a DM. */
  readonly name: string;
  kind: ChannelKind;
  readonly topic: string;
  readonly isGeneral: boolean;
  isArchived: boolean;
  /** Only some people may post; the app is not one of them. Absent: everybody in it may. */
  isRestricted?: boolean;
  /** Shared with another organization (Slack Connect). */
  readonly isExtShared: boolean;
  readonly created: number;
  /** User ids. Changes only through the conversation operations. */
  members: string[];
}

/** A Block Kit block as the app sent it; only its `type` is known for certain. */
export interface Block {
  readonly type: string;
  readonly block_id?: string;
  readonly [field: string]: unknown;
}

export interface MessageMetadata {
  readonly event_type: string;
  readonly event_payload: Readonly<Record<string, unknown>>;
}

export interface Reaction {
  readonly name: string;
  readonly users: string[];
}

export type MessageSubtype =
  | 'file_share'
  | 'channel_join'
  | 'channel_leave'
  | 'channel_convert_to_private'
  | 'channel_convert_to_public';

export interface Message {
  readonly channel: string;
  /** Unique in the workspace and increasing. */
  readonly ts: string;
  readonly user: string;
  readonly subtype: MessageSubtype | null;
  readonly threadTs: string | null;
  /** A thread reply shown in the channel too. */
  readonly broadcast: boolean;
  readonly clientMsgId: string | null;
  readonly unfurlLinks: boolean | null;
  readonly unfurlMedia: boolean | null;
  readonly linkNames: boolean;
  /** Whom Slack notified of it and shows the place as unread: set when it was posted, for an edit notifies nobody. */
  readonly notified: readonly string[];
  text: string;
  blocks: readonly Block[];
  attachments: readonly unknown[];
  metadata: MessageMetadata | null;
  readonly fileIds: readonly string[];
  reactions: Reaction[];
  edited: { readonly user: string; readonly ts: string } | null;
  /** A deleted thread parent stays as a tombstone while it has replies. */
  deleted: boolean;
  /** It is being streamed until then, in milliseconds since 1970. */
  streamedUntil?: number;
}

/** A message only one person sees. Slack keeps no history of these. */
export interface Ephemeral {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | null;
  readonly user: string;
  readonly visibleTo: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}

export interface SlackFile {
  readonly id: string;
  readonly name: string;
  title: string;
  readonly mimetype: string;
  readonly filetype: string;
  readonly size: number;
  readonly user: string;
  readonly created: number;
  readonly altText: string | null;
  /** Messages carry only its id, as in Slack Connect channels. */
  readonly idOnly?: boolean;
  state: 'awaiting-bytes' | 'uploaded' | 'completed' | 'shared';
  /** Where the file appeared. */
  shares: { readonly channel: string; readonly ts: string; readonly threadTs: string | null }[];
}

/** The line a person sees under a thread while the app works (`assistant.threads.setStatus`). */
export interface NativeStatus {
  readonly channel: string;
  readonly threadTs: string;
  readonly status: string;
  readonly loadingMessages: readonly string[];
}

/** A message the page shows above a channel. It belongs to the simulator's page; the app never hears of it. */
export interface Pinned {
  readonly id: string;
  readonly channel: string;
  readonly text: string;
  readonly blocks: readonly Block[];
}
