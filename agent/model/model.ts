/**
 * The agent's interface to a language model, independent of a provider. Each provider has a file in this folder that
 * translates. Nothing outside this folder knows which provider is used.
 */

import type { AnswerBlock, ModelUsage, ShownType, StopReason, TextBlock } from '../../contracts/conversation.ts';
import type { Price } from '../../contracts/cost.ts';

/** A picture or PDF with its bytes. Only a model that takes it is given one. */
export interface PictureBlock {
  readonly type: 'picture';
  readonly mediaType: ShownType;
  /** In base64. */
  readonly data: string;
  readonly label: string;
}

export interface ToolResultBlock {
  readonly type: 'tool_result';
  readonly id: string;
  readonly text: string;
  readonly isError: boolean;
  /** Absent: none. */
  readonly pictures?: readonly PictureBlock[];
}

export type UserBlock = TextBlock | PictureBlock | ToolResultBlock;

export type ModelMessage =
  | { readonly role: 'user'; readonly content: readonly UserBlock[] }
  | { readonly role: 'assistant'; readonly content: readonly AnswerBlock[] };

export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments, always of type object. */
  readonly schema: Readonly<Record<string, unknown>>;
}

export interface ModelRequest {
  /** The same for every thread of a place, so that what a vendor keeps of it serves them all. */
  readonly system: string;
  /** What stands behind it and belongs to one thread. @default nothing */
  readonly thread?: string;
  readonly messages: readonly ModelMessage[];
  readonly tools: readonly ToolSpec[];
  readonly maxTokens: number;
  readonly signal: AbortSignal;
  /** Called with each piece of text as it arrives. */
  readonly onText?: (piece: string) => void;
}

/** For a vendor that caches by itself what stands at the beginning. */
export function wholePrompt({ system, thread = '' }: Pick<ModelRequest, 'system' | 'thread'>): string {
  return thread === '' ? system : `${system}\n\n${thread}`;
}

export interface ModelAnswer {
  readonly content: readonly AnswerBlock[];
  readonly stopReason: StopReason;
  readonly usage: ModelUsage;
  /** The provider's name of the model that answered. */
  readonly model: string;
}

/** What a model takes beside text. */
export type ModelInput = 'images' | 'pdf';

export interface Model {
  readonly name: string;
  /** @default nothing */
  readonly takes?: readonly ModelInput[];
  /** The model's window, in tokens. */
  readonly contextTokens: number;
  /** Absent: nobody has said what it costs. */
  readonly price?: Price;
  /** Makes one attempt. Temporal retries. Throws `ModelError`, or the signal's reason as soon as it aborts. */
  call(request: ModelRequest): Promise<ModelAnswer>;
}
