import { z } from 'zod';

const text = z.object({ type: z.literal('text'), text: z.string().min(1, 'text content blocks must be non-empty') });
const toolUse = z.object({
  type: z.literal('tool_use'),
  id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
  name: z.string().min(1).max(128),
  input: z.record(z.string(), z.unknown()),
});
const toolResult = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: z.union([z.string(), z.array(text)]).optional(),
  is_error: z.boolean().optional(),
});
const block = z.discriminatedUnion('type', [text, toolUse, toolResult]);
const message = z.object({
  role: z.enum(['user', 'assistant']),
  content: z.union([z.string().min(1), z.array(block).min(1)]),
});

/** The part of a Messages request that the demo model reads. It ignores the rest. */
const request = z.object({
  model: z.string().min(1),
  max_tokens: z.number().int().min(1),
  system: z.union([z.string(), z.array(text)]).optional(),
  messages: z.array(message).min(1, 'at least one message is required'),
  tools: z
    .array(
      z.object({
        name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
        input_schema: z.looseObject({ type: z.literal('object') }),
      }),
    )
    .default([]),
  stream: z.boolean().default(false),
});

export type MessagesRequest = z.output<typeof request>;
export type Message = z.output<typeof message>;
export type Block = z.output<typeof block>;

/**
 * Reads a request as strictly as the real API does where a client can get it wrong.
 * Source: https://platform.claude.com/docs/en/api/messages
 *
 * @returns the request, or the message of an `invalid_request_error`
 */
export function readRequest(body: unknown): { request: MessagesRequest } | { refused: string } {
  const parsed = request.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return { refused: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'invalid'}` };
  }
  const refused = conversationFault(parsed.data.messages);
  return refused ? { refused } : { request: parsed.data };
}

/** The rules between messages: each tool call is answered in the very next message, and only calls are answered. */
function conversationFault(messages: readonly Message[]): string | null {
  if (messages[0]?.role !== 'user') return 'messages: first message must use the "user" role';
  for (const [index, current] of messages.entries()) {
    const calls = idsOf(current, 'tool_use');
    const results = idsOf(messages[index + 1], 'tool_result');
    const open = calls.filter((id) => !results.includes(id));
    if (open.length > 0) {
      return `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${open.join(', ')}. Each \`tool_use\` block must have a corresponding \`tool_result\` block in the next message.`;
    }
    const asked = idsOf(messages[index - 1], 'tool_use');
    const stray = idsOf(current, 'tool_result').find((id) => !asked.includes(id));
    if (stray) return `messages.${index}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${stray}`;
  }
  return null;
}

function idsOf(message: Message | undefined, type: 'tool_use' | 'tool_result'): string[] {
  if (!message || typeof message.content === 'string') return [];
  return message.content.flatMap((part) => {
    if (part.type !== type) return [];
    return [part.type === 'tool_use' ? part.id : (part as Extract<Block, { type: 'tool_result' }>).tool_use_id];
  });
}
