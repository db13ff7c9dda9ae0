import { z } from 'zod';
import { OPENAI_LIMITS, pictureFault } from '../picture-limits.ts';
import { type Block, firstIssue, type ReadRequest } from '../request.ts';
import {
  atMost,
  documentBlock,
  documentData,
  joined,
  jsonObject,
  namedApart,
  objectIn,
  pictureAddress,
  pictureBlock,
  spoken,
  toolName,
} from './parts.ts';

const textPart = z.object({ type: z.literal('text'), text: spoken });
const imagePart = z.object({ type: z.literal('image_url'), image_url: z.object({ url: pictureAddress }) });
const filePart = z.object({
  type: z.literal('file'),
  file: z.object({ filename: z.string().min(1), file_data: documentData }),
});
const texts = z.union([spoken, z.array(textPart).min(1)]);
/** OpenAI's servers take no longer id. */
const id = z.string().min(1).max(40);
const call = z.object({
  id,
  type: z.literal('function'),
  function: z.object({ name: toolName, arguments: jsonObject }),
});

const message = z.discriminatedUnion('role', [
  z.object({ role: z.enum(['system', 'developer']), content: texts }),
  z.object({
    role: z.literal('user'),
    content: z.union([spoken, z.array(z.discriminatedUnion('type', [textPart, imagePart, filePart])).min(1)]),
  }),
  z
    .object({
      role: z.literal('assistant'),
      content: texts.nullish(),
      tool_calls: atMost(call, 'tool_calls').min(1).optional(),
    })
    .refine(({ content, tool_calls: calls }) => content != null || calls !== undefined, {
      error: "Invalid value for 'content': expected a string, got null.",
      path: ['content'],
    }),
  // Pictures stand in no result of this protocol.
  z.object({ role: z.literal('tool'), tool_call_id: id, content: texts }),
]);

const body = z.object({
  model: z.string().min(1),
  messages: z.array(message).min(1, "Invalid 'messages': empty array. Expected an array with minimum length 1"),
  tools: namedApart(
    z
      .object({
        type: z.literal('function'),
        function: z.object({
          name: toolName,
          description: z
            .string()
            .max(1_024 * 1_024)
            .optional(),
          parameters: z.looseObject({ type: z.literal('object') }),
        }),
      })
      .transform(({ function: tool }) => tool),
  ),
  max_tokens: z.number().int().min(1).optional(),
  max_completion_tokens: z.number().int().min(1).optional(),
  stream: z.boolean().default(false),
  stream_options: z.object({ include_usage: z.boolean().default(false) }).nullish(),
});

type ChatMessage = z.output<typeof message>;

/**
 * Reads a request of Chat Completions as strictly as OpenAI's own servers and the stricter ones of others.
 * Source: https://platform.openai.com/docs/api-reference/chat/create
 */
export function readChatRequest(given: unknown): ReadRequest {
  const parsed = body.safeParse(given);
  if (!parsed.success) return { refused: firstIssue(parsed.error) };
  const { messages, tools, stream, stream_options: options, ...rest } = parsed.data;
  if (options && !stream)
    return { refused: "The 'stream_options' parameter is only allowed when 'stream' is enabled." };
  const fault = orderFault(messages);
  if (fault) return { refused: fault };
  const spokenOnes = joined(messages.flatMap(itemOf));
  const refused = pictureFault(spokenOnes, OPENAI_LIMITS);
  if (refused) return { refused };
  return {
    request: {
      model: rest.model,
      max_tokens: rest.max_completion_tokens ?? rest.max_tokens ?? 4_096,
      system: messages
        .flatMap((each) => (each.role === 'system' || each.role === 'developer' ? [textOf(each.content)] : []))
        .join('\n\n'),
      messages: spokenOnes,
      tools: tools.map(({ name, description, parameters }) => ({ name, description, input_schema: parameters })),
      stream,
    },
  };
}

/** Results follow their calls at once, before anything else is said. */
function orderFault(messages: readonly ChatMessage[]): string | null {
  let open: string[] = [];
  for (const [index, each] of messages.entries()) {
    if (each.role === 'tool') {
      const { tool_call_id: answered } = each;
      if (!open.includes(answered)) {
        return `Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'. (messages[${index}])`;
      }
      open = open.filter((other) => other !== answered);
      continue;
    }
    if (open.length > 0) return unanswered(open);
    if (each.role === 'assistant') open = (each.tool_calls ?? []).map((made) => made.id);
    if (new Set(open).size < open.length) return `Duplicate value for 'tool_call_id' in messages[${index}].tool_calls`;
  }
  if (open.length > 0) return unanswered(open);
  // Servers that render the conversation by a template ask for something to answer.
  return ['user', 'tool'].includes(messages.at(-1)?.role ?? '')
    ? null
    : 'The last message must have role user or tool.';
}

function unanswered(ids: readonly string[]): string {
  return `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${ids.join(', ')}`;
}

function itemOf(each: ChatMessage): { role: 'user' | 'assistant'; blocks: Block[] }[] {
  switch (each.role) {
    case 'system':
    case 'developer':
      return [];
    case 'user':
      return [
        { role: 'user', blocks: typeof each.content === 'string' ? [said(each.content)] : each.content.map(blockOf) },
      ];
    case 'tool':
      return [
        {
          role: 'user',
          blocks: [{ type: 'tool_result', tool_use_id: each.tool_call_id, content: textOf(each.content) }],
        },
      ];
    case 'assistant':
      return [
        {
          role: 'assistant',
          blocks: [
            ...(each.content == null ? [] : [said(textOf(each.content))]),
            ...(each.tool_calls ?? []).map(
              (made): Block => ({
                ...{ type: 'tool_use', id: made.id, name: made.function.name },
                input: objectIn(made.function.arguments) ?? {},
              }),
            ),
          ],
        },
      ];
  }
}

type Part = z.output<typeof textPart> | z.output<typeof imagePart> | z.output<typeof filePart>;

function blockOf(part: Part): Block {
  switch (part.type) {
    case 'text':
      return said(part.text);
    case 'image_url':
      return pictureBlock(part.image_url.url);
    case 'file':
      return documentBlock(part.file.file_data);
  }
}

function said(text: string): Block {
  return { type: 'text', text };
}

function textOf(content: z.output<typeof texts>): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('\n');
}
