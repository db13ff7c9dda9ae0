import type { Message } from './types.ts';

/** Users mentioned in Slack's own markup, `<@U…>` or `<@U…|name>`. */
export function mentionedUsers(text: string): string[] {
  return [...text.matchAll(/<@([UW][A-Z0-9]+)(?:\|[^>]*)?>/g)].flatMap((match) => match[1] ?? []);
}

/** Mentions that would ping a whole channel, in text or in any block: `channel`, `here`, `everyone`. */
export function broadcastMentions({
  text,
  blocks,
  linkNames,
}: Pick<Message, 'text' | 'blocks' | 'linkNames'>): string[] {
  const everywhere = `${text}\n${JSON.stringify(blocks)}`;
  const marked = [...everywhere.matchAll(/<!(channel|here|everyone)(?:\|[^>]*)?>/g)].map((match) => match[1] ?? '');
  const elements = [...everywhere.matchAll(/"type":"broadcast","range":"(channel|here|everyone)"/g)];
  // With `link_names` Slack makes mentions of plain words.
  const words = linkNames ? [...text.matchAll(/(?<!\w)@(channel|here|everyone)\b/g)] : [];
  return [...new Set([...marked, ...[...elements, ...words].map((match) => match[1] ?? '')])];
}
