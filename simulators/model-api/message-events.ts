/** A finished message of the Messages API. */
export interface Message {
  readonly id: string;
  readonly type: 'message';
  readonly role: 'assistant';
  readonly model: string;
  readonly content: readonly ContentBlock[];
  readonly stop_reason: 'end_turn' | 'tool_use';
  readonly stop_sequence: null;
  readonly usage: { readonly input_tokens: number; readonly output_tokens: number };
}

export type ContentBlock =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'tool_use';
      readonly id: string;
      readonly name: string;
      readonly input: Readonly<Record<string, unknown>>;
    };

export interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** Pieces of one delta, about as long as a line of a chat. */
const PIECE = 60;

/** A message as the events of a stream. Source: https://platform.claude.com/docs/en/build-with-claude/streaming */
export function* messageEvents(message: Message): Generator<StreamEvent> {
  const { stop_reason, stop_sequence, content, usage } = message;
  const opening = { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } };
  yield { type: 'message_start', message: opening };
  for (const [index, block] of content.entries()) {
    yield { type: 'content_block_start', index, content_block: emptied(block) };
    for (const delta of deltas(block)) yield { type: 'content_block_delta', index, delta };
    yield { type: 'content_block_stop', index };
  }
  yield { type: 'message_delta', delta: { stop_reason, stop_sequence }, usage: { output_tokens: usage.output_tokens } };
  yield { type: 'message_stop' };
}

function emptied(block: ContentBlock): ContentBlock {
  return block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} };
}

function* deltas(block: ContentBlock): Generator<object> {
  if (block.type === 'text') {
    for (const text of pieces(block.text)) yield { type: 'text_delta', text };
    return;
  }
  for (const partial_json of pieces(JSON.stringify(block.input))) yield { type: 'input_json_delta', partial_json };
}

/** By code points, so that no piece ends inside a character. */
export function* pieces(text: string): Generator<string> {
  const points = Array.from(text);
  for (let at = 0; at < points.length; at += PIECE) yield points.slice(at, at + PIECE).join('');
}
