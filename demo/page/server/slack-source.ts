import type { SlackChange, SlackPerson, SlackSubmitted, SlackWorkspace } from '../contract/slack.ts';

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

/** A button; with block id and value where several have the same action id. */
export interface Press {
  readonly actionId: string;
  readonly blockId?: string | undefined;
  readonly value?: string | undefined;
}

export interface Click extends Acting, Press {
  readonly ts: string;
}

export interface Filled {
  readonly as: string;
  /** By the action id of each input. */
  readonly values: Readonly<Record<string, string>>;
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
  /** The person opens the Home tab of the agent. */
  openHome(person: { readonly as: string }): Promise<void>;
  pressAtHome(press: Press & { readonly as: string }): Promise<void>;
  /** Sends the modal that the person has open. */
  submit(filled: Filled): Promise<SlackSubmitted>;
  /** Closes it. */
  dismiss(person: { readonly as: string }): Promise<void>;
  /** Undefined for nobody, and while the simulator does not answer. */
  person(id: string): SlackPerson | undefined;
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
