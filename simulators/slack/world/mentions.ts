import type { Block } from './types.ts';

/** Users mentioned in Slack's own markup, `<@U…>` or `<@U…|name>`. */
export function mentionedUsers(text: string): string[] {
  return [...text.matchAll(/<@([UW][A-Z0-9]+)(?:\|[^>]*)?>/g)].flatMap((match) => match[1] ?? []);
}

/** Mentions that would ping a whole channel, in text or in any block: `channel`, `here`, `everyone`. */
export function broadcastMentions(text: string, blocks: readonly Block[]): string[] {
  const everywhere = `${text}\n${JSON.stringify(blocks)}`;
  const marked = [...everywhere.matchAll(/<!(channel|here|everyone)(?:\|[^>]*)?>/g)].map((match) => match[1] ?? '');
  const elements = [...everywhere.matchAll(/"type":"broadcast","range":"(channel|here|everyone)"/g)];
  return [...new Set([...marked, ...elements.map((match) => match[1] ?? '')])];
}
