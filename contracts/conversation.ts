/**
 * The conversation as it is stored (table `transcript`) and given to a model, in no provider's words. These shapes
 * are in databases: they grow by optional fields only.
 */

export interface TextBlock {
  readonly type: 'text';
  readonly text: string;
}

export interface ToolUseBlock {
  readonly type: 'tool_use';
  readonly id: string;
  readonly name: string;
  /** As the model wrote it: nothing is known about its shape before the tool's schema has read it. */
  readonly input: unknown;
}

/** Something only its provider understands (a model's reasoning, say), kept and given back unchanged. */
export interface ProviderBlock {
  readonly type: 'provider';
  readonly provider: string;
  readonly block: unknown;
}

export type AnswerBlock = TextBlock | ToolUseBlock | ProviderBlock;

/**
 * `end`: the answer is complete. `tools`: it waits for results. `length`: cut at the output limit. `window`: cut
 * because the context is full. `refused`: the model declines. `pause`: it wants to be called again as it is.
 */
export type StopReason = 'end' | 'tools' | 'length' | 'window' | 'refused' | 'pause';

/** In tokens. Input counts everything sent, cached or not. */
export interface ModelUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** Of the input, what the vendor had kept from a call before. @default none */
  readonly cachedTokens?: number;
  /** Of the input, what the vendor keeps for calls to come, and says so. @default none */
  readonly cacheWriteTokens?: number;
  /** The server has not counted: these are estimates. */
  readonly estimated?: true;
}

/** What somebody wrote in the thread; of kind `stop`, that somebody stopped the work here; of kind `edit`, that they changed what they wrote. */
export interface UserContent {
  readonly kind: 'message' | 'schedule' | 'stop' | 'edit';
  /** True for talk that was not addressed to the agent. */
  readonly context: boolean;
  /** Plain text. */
  readonly text: string;
  readonly name: string | null;
  /** What the author says they do, in their own words. @default nothing */
  readonly title?: string;
  /** The name of the author's time zone. @default not known */
  readonly zone?: string;
  /** Slack's `ts` of the message. */
  readonly ts: string;
  readonly files: readonly AttachedFile[];
  /** Of an edit: Slack's `ts` of the message, and its text before. */
  readonly edits?: string;
  readonly before?: string;
}

export interface AttachedFile {
  readonly name: string;
  /** Bytes, as Slack says. */
  readonly size: number;
  /** Its row in `file`; null when it was not taken, and then `problem` says why. */
  readonly file: string | null;
  readonly problem: string | null;
}

/** One answer of the model. */
export interface AssistantContent {
  readonly blocks: readonly AnswerBlock[];
  readonly stopReason: StopReason;
  readonly usage: ModelUsage;
  readonly model: string;
  /** No model was asked: Bellhop itself looks at what people attached. */
  readonly by?: 'bellhop';
  /** The model's server refused a request with the pictures up to here, and gave this answer without them. */
  readonly blind?: true;
  /** The same of its PDF only: this answer was given to the pictures of their pages. */
  readonly byPages?: true;
}

/** A picture or PDF that a tool result shows. */
export interface ShownFile {
  /** Its row in `file`. */
  readonly file: string;
  readonly type: ShownType;
  readonly bytes: number;
  /** What people and the model call it: a path, and the page of a PDF. */
  readonly label: string;
  /** The pages of a PDF as pictures, for a model that takes pictures only. */
  readonly pages?: readonly ShownFile[];
}

export type ShownType = 'image/png' | 'image/jpeg' | 'application/pdf';

/** The result of one tool call, as the model reads it. */
export interface ToolContent {
  /** The model's id of the call. */
  readonly call: string;
  readonly tool: string;
  readonly text: string;
  readonly isError: boolean;
  /** Absent: none. */
  readonly shown?: readonly ShownFile[];
}

/** Replaces everything up to and including `upTo` in the context; the rows themselves stay. */
export interface SummaryContent {
  readonly text: string;
  /** `transcript.seq`; a bigint, so a string. */
  readonly upTo: string;
  /** Who had written by then, since their marks are gone with their messages. @default nobody */
  readonly people?: readonly Participant[];
  /** The newest turn whose beginning it replaces, and the mark of that beginning. @default none */
  readonly begun?: { readonly turn: number; readonly mark: string };
}

/** Somebody who has written in a thread. */
export interface Participant {
  readonly id: string;
  readonly name: string;
  readonly authorClass: string;
}
