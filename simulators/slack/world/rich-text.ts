import type { Block } from './types.ts';

type Element = Readonly<Record<string, unknown>>;

/**
 * The `rich_text` block that Slack puts beside the text of every message a person writes.
 * Only what mentions and links need is told apart; styles stay in the text.
 */
export function richText(text: string, blockId: string): Block {
  const elements: Element[] = [];
  let rest = 0;
  for (const match of text.matchAll(/<(@|#|!|https?:)([^>|]*)(?:\|([^>]*))?>/g)) {
    if (match.index > rest) elements.push({ type: 'text', text: plain(text.slice(rest, match.index)) });
    elements.push(elementOf(match[1] ?? '', match[2] ?? '', match[3]));
    rest = match.index + match[0].length;
  }
  if (rest < text.length) elements.push({ type: 'text', text: plain(text.slice(rest)) });
  return { type: 'rich_text', block_id: blockId, elements: [{ type: 'rich_text_section', elements }] };
}

function elementOf(mark: string, target: string, label: string | undefined): Element {
  if (mark === '@') return { type: 'user', user_id: target };
  if (mark === '#') return { type: 'channel', channel_id: target };
  if (mark === '!') return { type: 'broadcast', range: target };
  return label === undefined
    ? { type: 'link', url: plain(mark + target) }
    : { type: 'link', url: plain(mark + target), text: plain(label) };
}

function plain(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}
