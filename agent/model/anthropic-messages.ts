import type Anthropic from '@anthropic-ai/sdk';
import type { AnswerBlock, StopReason } from '../../contracts/conversation.ts';
import { ModelError } from '../errors.ts';
import { countedTokens } from '../tokens.ts';
import type { ModelAnswer, ModelMessage, ModelRequest, PictureBlock, ToolSpec, UserBlock } from './model.ts';
import { assertFewCalls, objectOf } from './tool-calls.ts';

/** Whose blocks these are, in the transcript. */
export const ANTHROPIC = 'anthropic';

const STOP_REASONS: Readonly<Record<Anthropic.StopReason, StopReason>> = {
  end_turn: 'end',
  stop_sequence: 'end',
  tool_use: 'tools',
  max_tokens: 'length',
  model_context_window_exceeded: 'window',
  refusal: 'refused',
  pause_turn: 'pause',
};

/** Converts our messages for the Messages API. Blocks of other providers are left out. */
export function messageParams(messages: readonly ModelMessage[], provider: string): Anthropic.MessageParam[] {
  return messages.map((message) =>
    message.role === 'user'
      ? { role: 'user', content: message.content.map(userBlock) }
      : { role: 'assistant', content: message.content.flatMap((block) => answerBlock(block, provider)) },
  );
}

/** What all threads of a place have in common is cached apart from what belongs to one of them. */
export function systemParams({
  system,
  thread = '',
}: Pick<ModelRequest, 'system' | 'thread'>): Anthropic.TextBlockParam[] {
  return [
    ...(system === '' ? [] : [{ type: 'text' as const, text: system, cache_control: { type: 'ephemeral' as const } }]),
    ...(thread === '' ? [] : [{ type: 'text' as const, text: thread }]),
  ];
}

/** The API wants `type: object` beside the schema of the input. */
export function toolParams(tools: readonly ToolSpec[]): Anthropic.Tool[] {
  return tools.map(({ name, description, schema }) => ({
    name,
    description,
    input_schema: { ...schema, type: 'object' },
  }));
}

/** Throws `ModelError` for a message without a stop reason: its stream ended early. */
export function answerOf(message: Anthropic.Message, provider: string): ModelAnswer {
  if (!message.stop_reason) throw new ModelError('ModelUnavailable', "the model's stream ended before its answer did");
  assertFewCalls(message.content.filter(({ type }) => type === 'tool_use').length);
  const { usage } = message;
  const cacheWriteTokens = countedTokens(usage.cache_creation_input_tokens);
  const cachedTokens = countedTokens(usage.cache_read_input_tokens);
  return {
    content: message.content.map((block) => blockOf(block, provider)),
    stopReason: STOP_REASONS[message.stop_reason] ?? 'end',
    usage: {
      inputTokens: countedTokens(usage.input_tokens) + cacheWriteTokens + cachedTokens,
      outputTokens: countedTokens(usage.output_tokens),
      ...(cachedTokens > 0 && { cachedTokens }),
      ...(cacheWriteTokens > 0 && { cacheWriteTokens }),
    },
    model: message.model,
  };
}

function userBlock(block: UserBlock): Anthropic.ContentBlockParam {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'picture':
      return pictureBlock(block);
    case 'tool_result': {
      const { id, text, isError, pictures = [] } = block;
      // A failed call may hold text only.
      const content: Anthropic.ToolResultBlockParam['content'] =
        pictures.length === 0 || isError ? text : [{ type: 'text', text }, ...pictures.map(pictureBlock)];
      return { type: 'tool_result', tool_use_id: id, content, is_error: isError };
    }
  }
}

function pictureBlock({
  mediaType,
  data,
  label,
}: PictureBlock): Anthropic.ImageBlockParam | Anthropic.DocumentBlockParam {
  return mediaType === 'application/pdf'
    ? { type: 'document', source: { type: 'base64', media_type: mediaType, data }, title: label.slice(-200) }
    : { type: 'image', source: { type: 'base64', media_type: mediaType, data } };
}

function answerBlock(block: AnswerBlock, provider: string): Anthropic.ContentBlockParam[] {
  switch (block.type) {
    case 'text':
      // The API refuses text blocks that are empty or only white space.
      return block.text.trim() ? [{ type: 'text', text: block.text }] : [];
    case 'tool_use':
      return [{ type: 'tool_use', id: block.id, name: block.name, input: objectOf(block.input) }];
    case 'provider':
      // Blocks of another provider mean nothing to this API.
      return block.provider === provider ? [block.block as Anthropic.ContentBlockParam] : [];
  }
}

function blockOf(block: Anthropic.ContentBlock, provider: string): AnswerBlock {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text };
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: block.input };
    default:
      return { type: 'provider', provider, block };
  }
}
