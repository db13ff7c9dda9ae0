import { z } from 'zod';
import { areNamedApart, type Block } from '../request.ts';

/** OpenAI takes blank text. Servers that speak its protocols (Gemini's, Mistral's, gateways to Anthropic's) refuse it. */
export const spoken = z.string().regex(/\S/, { error: 'text must not be empty' });

/** A picture that is sent, or the address of one. */
export const pictureAddress = z
  .string()
  .regex(/^(?:data:image\/(?:png|jpeg|webp|gif);base64,[A-Za-z0-9+/]+=*|https?:\/\/\S+)$/, {
    error: 'unsupported image',
  });
export const documentData = z
  .string()
  .regex(/^data:application\/pdf;base64,[A-Za-z0-9+/]+=*$/, { error: 'unsupported file' });

/** The arguments of a call. OpenAI takes any text; other servers read it. */
export const jsonObject = z.string().refine((text) => objectIn(text) !== null, 'arguments must be a JSON object');

export const toolName = z
  .string()
  .regex(/^[a-zA-Z0-9_-]+$/)
  .max(64);

/** OpenAI's most, of tools and of calls in one answer. */
const MOST = 128;

export function atMost<Item extends z.ZodType>(item: Item, what: string) {
  return z.array(item).check((context) => {
    const { length } = context.value;
    if (length <= MOST) return;
    const message = `Invalid '${what}': array too long. Expected an array with maximum length ${MOST}, but got an array with length ${length} instead.`;
    context.issues.push({ code: 'custom', message, input: context.value });
  });
}

export function namedApart<Tool extends z.ZodType<{ readonly name: string }>>(tool: Tool) {
  return atMost(tool, 'tools').refine(areNamedApart, 'Tool names must be unique.').default([]);
}

export function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

export function pictureBlock(url: string): Block {
  const [, type, data] = /^data:([^;]+);base64,(.*)$/.exec(url) ?? [];
  if (type === undefined || data === undefined) return { type: 'image', source: { type: 'url', url } };
  return { type: 'image', source: { type: 'base64', media_type: type as 'image/png', data } };
}

export function documentBlock(data: string): Block {
  const base64 = data.slice(data.indexOf(',') + 1);
  return { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: base64 } };
}

/** Puts blocks of one role that follow each other into one message, as the other protocol has them. */
export function joined(items: readonly { readonly role: 'user' | 'assistant'; readonly blocks: readonly Block[] }[]) {
  const messages: { role: 'user' | 'assistant'; content: Block[] }[] = [];
  for (const { role, blocks } of items) {
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...blocks);
    else messages.push({ role, content: [...blocks] });
  }
  return messages;
}

/** The first call without a result, and the first result without a call before it. */
export function unpaired(calls: readonly (readonly [kind: 'call' | 'result', id: string])[]) {
  const open = new Set<string>();
  const known = new Set<string>();
  for (const [kind, id] of calls) {
    if (kind === 'call') {
      if (known.has(id)) return { twice: id };
      known.add(id);
      open.add(id);
    } else if (!open.delete(id)) return { stray: id };
  }
  const [first] = open;
  return first === undefined ? null : { open: [...open] };
}
