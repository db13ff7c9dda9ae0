import type { Conversation } from './conversation.ts';
import type { MessagesRequest } from './request.ts';

/** An order that anybody can write anywhere, in the demo model's language: `ORDER: $ env`, to the end of the line or to `~end`. */
const ORDER = /ORDER: ?(.+?)(?: ?~end|$)/gm;

/**
 * The orders that a model without any sense would follow: of the system prompt and the descriptions of tools (in which are
 * words of other people), of everything that is said, and of results. Each is done once, in the order in which it is read;
 * results come last, so that what has been done keeps its place.
 */
export function ordersIn({ system = '', tools }: MessagesRequest, { read, done }: Conversation): string[] {
  const prompt = typeof system === 'string' ? [system] : system.map(({ text }) => text);
  const texts = [
    ...prompt,
    ...tools.map(({ description = '' }) => description),
    ...read,
    ...done.flat().map(({ result }) => result),
  ];
  return [...new Set(texts.flatMap((text) => [...text.matchAll(ORDER)].map((match) => match[1] ?? '')))];
}
