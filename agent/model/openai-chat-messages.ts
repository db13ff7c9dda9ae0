import type {
  ChatCompletionContentPart,
  ChatCompletionFunctionTool,
  ChatCompletionMessageFunctionToolCall,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import type { AnswerBlock, TextBlock } from '../../contracts/conversation.ts';
import type { ModelMessage, PictureBlock, ToolSpec, UserBlock } from './model.ts';
import { dataUrl, fileName, partsBehindResults } from './openai-pictures.ts';
import { objectOf } from './tool-calls.ts';

/**
 * What a server adds to an answer beyond OpenAI's own fields, kept to be given back: reasoning (`reasoning_content`,
 * `reasoning`, `reasoning_details`) and what stands beside calls (`extra_content`), by the id of the call.
 */
export interface ChatExtras {
  readonly fields: Readonly<Record<string, unknown>>;
  readonly calls: Readonly<Record<string, unknown>>;
}

/** Converts the system prompt and our messages. Blocks of other providers are left out, and nothing empty is sent. */
export function chatMessages(
  system: string,
  messages: readonly ModelMessage[],
  provider: string,
): ChatCompletionMessageParam[] {
  return [
    { role: 'system', content: system },
    ...messages.flatMap((message) =>
      message.role === 'user' ? userMessages(message.content) : assistantMessages(message.content, provider),
    ),
  ];
}

/** Converts tools. The API wants `type: object` beside the schema of the input. */
export function chatTools(tools: readonly ToolSpec[]): ChatCompletionFunctionTool[] {
  return tools.map(({ name, description, schema }) => ({
    type: 'function',
    function: { name, description, parameters: { ...schema, type: 'object' } },
  }));
}

/** Results must follow their calls at once, and hold text only. So what they show, and what people have said, stands behind them. */
function userMessages(blocks: readonly UserBlock[]): ChatCompletionMessageParam[] {
  const results = blocks.flatMap((block) => (block.type === 'tool_result' ? [block] : []));
  const parts = partsBehindResults(blocks);
  const isText = parts.every(({ type }) => type === 'text');
  return [
    ...results.map(
      ({ id, text, isError }): ChatCompletionMessageParam => ({
        role: 'tool',
        tool_call_id: id,
        content: isError ? `This call failed. ${text}` : text,
      }),
    ),
    ...(parts.length === 0 ? [] : [{ role: 'user' as const, content: isText ? textOf(parts) : parts.map(chatPart) }]),
  ];
}

/** Servers of long ago take a text only where there is nothing else. */
function textOf(parts: readonly (TextBlock | PictureBlock)[]): string {
  return parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
}

function chatPart(part: TextBlock | PictureBlock): ChatCompletionContentPart {
  if (part.type === 'text') return { type: 'text', text: part.text };
  const url = dataUrl(part);
  return part.mediaType === 'application/pdf'
    ? { type: 'file', file: { filename: fileName(part), file_data: url } }
    : { type: 'image_url', image_url: { url } };
}

function assistantMessages(blocks: readonly AnswerBlock[], provider: string): ChatCompletionMessageParam[] {
  const content = blocks.map((block) => (block.type === 'text' ? block.text : '')).join('');
  const extras = extrasOf(blocks, provider);
  const calls = blocks.flatMap((block) =>
    block.type === 'tool_use'
      ? [
          {
            id: block.id,
            type: 'function' as const,
            function: { name: block.name, arguments: JSON.stringify(objectOf(block.input)) },
            ...(extras?.calls[block.id] !== undefined && { extra_content: extras.calls[block.id] }),
          } satisfies ChatCompletionMessageFunctionToolCall & { extra_content?: unknown },
        ]
      : [],
  );
  if (content.trim() === '' && calls.length === 0) return [];
  return [
    {
      role: 'assistant',
      content: content.trim() === '' ? null : content,
      // DeepSeek demands its reasoning in all later requests when it led to calls, and ignores it otherwise
      // (https://api-docs.deepseek.com/guides/thinking_mode).
      ...(calls.length > 0 && { ...extras?.fields, tool_calls: calls }),
    },
  ];
}

function extrasOf(blocks: readonly AnswerBlock[], provider: string): ChatExtras | undefined {
  const found = blocks.find((block) => block.type === 'provider' && block.provider === provider);
  return found?.type === 'provider' ? (found.block as ChatExtras) : undefined;
}
