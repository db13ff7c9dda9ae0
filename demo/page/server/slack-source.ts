import type { SlackChange, SlackWorkspace } from '../contract/slack.ts';

/** Who does something, and in which conversation. */
export interface Acting {
  /** User id of the person acted as. */
  readonly as: string;
  readonly channel: string;
}

export interface NewPost extends Acting {
  readonly threadTs?: string | undefined;
  readonly text: string;
}

export interface NewFile extends NewPost {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface Click extends Acting {
  readonly ts: string;
  readonly actionId: string;
  /** Needed when several elements of the message have the same action id. */
  readonly blockId?: string | undefined;
}

export interface ServedFile {
  readonly name: string;
  readonly mimetype: string;
  readonly bytes: Buffer;
}

/** The Slack simulator, seen from the page. Refusals are {@link SlackRefusal}. */
export interface SlackSource {
  /** Calls back with the whole workspace now and after each reconnection, null while there is none, and each change. */
  follow(listener: SlackListener): () => void;
  post(post: NewPost): Promise<{ ts: string }>;
  upload(file: NewFile): Promise<void>;
  edit(edit: Acting & { readonly ts: string; readonly text: string }): Promise<void>;
  remove(message: Acting & { readonly ts: string }): Promise<void>;
  react(reaction: Acting & { readonly ts: string; readonly name: string; readonly remove: boolean }): Promise<void>;
  click(click: Click): Promise<void>;
  /** Opens a person's one-to-one conversation with the agent; the same one each time. */
  openDirect(person: { readonly as: string }): Promise<{ channel: string }>;
  file(id: string): Promise<ServedFile | null>;
  close(): void;
}

export interface SlackListener {
  readonly onWorkspace: (workspace: SlackWorkspace | null) => void;
  readonly onChange: (change: SlackChange) => void;
}

/** The simulator said no, in its own word: `channel_not_found`, `not_in_channel`, … */
export class SlackRefusal extends Error {
  readonly code: string;
  constructor(code: string, message = code) {
    super(message);
    this.name = 'SlackRefusal';
    this.code = code;
  }
}
