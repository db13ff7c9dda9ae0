import { z } from 'zod';
import { conversationFault } from './conversation-faults.ts';
import { MESSAGES_LIMITS, pictureFault } from './picture-limits.ts';

const base64 = (types: readonly [string, ...string[]]) =>
  z.object({ type: z.literal('base64'), media_type: z.enum(types), data: z.base64() });
const address = z.object({ type: z.literal('url'), url: z.url() });

const text = z.object({
  type: z.literal('text'),
  text: z.string().min(1, 'text content blocks must be non-empty').regex(/\S/, {
    error: 'text content blocks must contain non-whitespace text',
  }),
});
const image = z.object({
  type: z.literal('image'),
  source: z.discriminatedUnion('type', [base64(['image/jpeg', 'image/png', 'image/gif', 'image/webp']), address]),
});
const document = z.object({
  type: z.literal('document'),
  title: z.string().nullish(),
  source: z.discriminatedUnion('type', [
    base64(['application/pdf']),
    address,
    z.object({ type: z.literal('text'), media_type: z.literal('text/plain'), data: z.string().min(1) }),
  ]),
});
const toolUse = z.object({
  type: z.literal('tool_use'),
  id: z.string().regex(/^[a-zA-Z0-9_-]+$/),
  name: z.string().min(1).max(128),
  input: z.record(z.string(), z.unknown()),
});
const toolResult = z.object({
  type: z.literal('tool_result'),
  tool_use_id: z.string().min(1),
  content: z.union([z.string(), z.array(z.discriminatedUnion('type', [text, image, document]))]).optional(),
  is_error: z.boolean().optional(),
});
/** Only what this API has made itself can be given back. */
const thinking = z.object({ type: z.literal('thinking'), thinking: z.string(), signature: z.string().min(1) });
const redacted = z.object({ type: z.literal('redacted_thinking'), data: z.string().min(1) });
const block = z.discriminatedUnion('type', [text, image, document, toolUse, toolResult, thinking, redacted]);
const content = z.union([
  z.string().regex(/\S/, { error: 'text content blocks must contain non-whitespace text' }),
  z.array(block).min(1, 'all messages must have non-empty content'),
]);
const message = z.object({ role: z.enum(['user', 'assistant']), content });

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
        description: z.string().optional(),
        input_schema: z.looseObject({ type: z.literal('object') }),
      }),
    )
    .refine(areNamedApart, 'Tool names must be unique.')
    .default([]),
  stream: z.boolean().default(false),
});

/** What every protocol's request is read into. */
export type MessagesRequest = z.output<typeof request>;
export type Message = z.output<typeof message>;
export type Block = z.output<typeof block>;

export type ReadRequest = { readonly request: MessagesRequest } | { readonly refused: string };

/**
 * Reads a request as strictly as the real API does where a client can get it wrong.
 * Sources: https://platform.claude.com/docs/en/api/messages, …/build-with-claude/vision, and what users of it report
 *
 * @returns the request, or the message of an `invalid_request_error`
 */
export function readRequest(body: unknown): ReadRequest {
  const parsed = request.safeParse(body);
  if (!parsed.success) return { refused: firstIssue(parsed.error) };
  const { messages } = parsed.data;
  const refused = conversationFault(messages) ?? pictureFault(messages, MESSAGES_LIMITS);
  return refused ? { refused } : { request: parsed.data };
}

/** The deepest place is named: of a union that is what its nearest branch says. */
export function firstIssue({ issues: [issue] }: z.ZodError): string {
  if (!issue) return 'invalid';
  const { path, message } = deepest(issue);
  return `${path.join('.')}: ${message}`;
}

function deepest(
  issue: z.core.$ZodIssue,
  before: readonly PropertyKey[] = [],
): { path: PropertyKey[]; message: string } {
  const path = [...before, ...issue.path];
  const branches = issue.code === 'invalid_union' ? issue.errors.flatMap(([first]) => first ?? []) : [];
  const found = branches.map((branch) => deepest(branch, path));
  return found.toSorted((a, b) => b.path.length - a.path.length)[0] ?? { path, message: issue.message };
}

export function areNamedApart(tools: readonly { readonly name: string }[]): boolean {
  return new Set(tools.map(({ name }) => name)).size === tools.length;
}
