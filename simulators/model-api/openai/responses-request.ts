import { z } from 'zod';
import { OPENAI_LIMITS, pictureFault } from '../picture-limits.ts';
import { type Block, firstIssue, type ReadRequest } from '../request.ts';
import {
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
  unpaired,
} from './parts.ts';

const textPart = z.object({ type: z.enum(['input_text', 'output_text']), text: spoken });
const imagePart = z.object({ type: z.literal('input_image'), image_url: pictureAddress });
const filePart = z.object({ type: z.literal('input_file'), filename: z.string().min(1), file_data: documentData });
const parts = z.array(z.discriminatedUnion('type', [textPart, imagePart, filePart])).min(1);
const callId = z.string().min(1).max(64);

const item = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('message'),
    role: z.enum(['user', 'assistant', 'system', 'developer']),
    content: z.union([spoken, parts]),
  }),
  z.strictObject({
    type: z.literal('function_call'),
    id: z.string().startsWith('fc').optional(),
    call_id: callId,
    name: toolName,
    arguments: jsonObject,
  }),
  z.object({
    type: z.literal('function_call_output'),
    call_id: callId,
    output: z.union([z.string(), parts]),
  }),
  // Nothing is stored, so what is not sealed could not be found again.
  z.strictObject({
    type: z.literal('reasoning'),
    id: z.string().startsWith('rs_'),
    summary: z.array(z.unknown()),
    content: z.array(z.unknown()).optional(),
    encrypted_content: z.string().min(1),
  }),
]);

const body = z.object({
  model: z.string().min(1),
  instructions: z.string().nullish(),
  input: z.union([spoken, z.array(item).min(1)]),
  tools: namedApart(
    z.object({
      type: z.literal('function'),
      name: toolName,
      description: z.string().nullish(),
      parameters: z.looseObject({ type: z.literal('object') }),
      strict: z.boolean(),
    }),
  ),
  max_output_tokens: z.number().int().min(16).optional(),
  stream: z.boolean().default(false),
});

type Item = z.output<typeof item>;

/**
 * Reads a request of the Responses API as strictly as the real one does where a client can get it wrong.
 * Source: https://platform.openai.com/docs/api-reference/responses/create
 */
export function readResponsesRequest(given: unknown): ReadRequest {
  const parsed = body.safeParse(given);
  if (!parsed.success) return { refused: firstIssue(parsed.error) };
  const { model, instructions, input, tools, max_output_tokens: most, stream } = parsed.data;
  const items: Item[] = typeof input === 'string' ? [{ type: 'message', role: 'user', content: input }] : input;
  const fault = orderFault(items);
  if (fault) return { refused: fault };
  const messages = joined(items.flatMap(blocksOf));
  const refused = pictureFault(messages, OPENAI_LIMITS);
  if (refused) return { refused };
  return {
    request: {
      ...{ model, max_tokens: most ?? 4_096, messages, stream },
      system: instructions ?? '',
      tools: tools.map(({ name, description, parameters }) => ({
        ...{ name, input_schema: parameters },
        ...(description != null && { description }),
      })),
    },
  };
}

function orderFault(items: readonly Item[]): string | null {
  const pairs = items.flatMap((each): (readonly ['call' | 'result', string])[] => {
    if (each.type === 'function_call') return [['call', each.call_id]];
    return each.type === 'function_call_output' ? [['result', each.call_id]] : [];
  });
  const found = unpaired(pairs);
  if (found && 'open' in found) return `No tool output found for function call ${found.open?.[0]}.`;
  if (found && 'stray' in found) return `No tool call found for function call output with call_id ${found.stray}.`;
  if (found) return `Duplicate item found with call_id ${found.twice}.`;
  for (const [index, each] of items.entries()) {
    if (each.type !== 'reasoning') continue;
    const next = items[index + 1];
    const follows =
      next &&
      (next.type === 'reasoning' ||
        next.type === 'function_call' ||
        (next.type === 'message' && next.role === 'assistant'));
    if (!follows) return `Item '${each.id}' of type 'reasoning' was provided without its required following item.`;
  }
  return null;
}

function blocksOf(each: Item): { role: 'user' | 'assistant'; blocks: Block[] }[] {
  switch (each.type) {
    case 'reasoning':
      return [];
    case 'function_call': {
      const input = objectIn(each.arguments) ?? {};
      return [{ role: 'assistant', blocks: [{ type: 'tool_use', id: each.call_id, name: each.name, input }] }];
    }
    case 'function_call_output': {
      const content = typeof each.output === 'string' ? each.output : each.output.map(blockOf).filter(isShown);
      return [{ role: 'user', blocks: [{ type: 'tool_result', tool_use_id: each.call_id, content }] }];
    }
    case 'message': {
      const blocks: Block[] =
        typeof each.content === 'string' ? [{ type: 'text', text: each.content }] : each.content.map(blockOf);
      return [{ role: each.role === 'assistant' ? 'assistant' : 'user', blocks }];
    }
  }
}

type Part = z.output<typeof parts>[number];
type Shown = Extract<Block, { type: 'text' | 'image' | 'document' }>;

function blockOf(part: Part): Block {
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: part.text };
    case 'input_image':
      return pictureBlock(part.image_url);
    case 'input_file':
      return documentBlock(part.file_data);
  }
}

function isShown(block: Block): block is Shown {
  return block.type === 'text' || block.type === 'image' || block.type === 'document';
}
