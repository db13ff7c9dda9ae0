import type { Block } from './types.ts';

type Element = Readonly<Record<string, unknown>>;

/**
 * The `rich_text` block that Slack puts beside the text of every message a person writes. Mentions and links, code and
 * quotations are told apart; other styles stay in the text. In code nothing is a mention.
 */
export function richText(text: string, blockId: string): Block {
  const elements = text.split(/(```[\s\S]*?```)/).flatMap((part, index) => {
    if (index % 2 === 1) return [{ type: 'rich_text_preformatted', elements: [words(part.slice(3, -3))] }];
    return part === '' ? [] : lines(part);
  });
  return { type: 'rich_text', block_id: blockId, elements };
}

/** Lines that begin with `>` are a quotation, and so is all from a line that begins with `>>>`. The others are a section. */
function lines(text: string): Element[] {
  const groups: { quoted: boolean; lines: string[] }[] = [];
  let toTheEnd = false;
  for (const line of text.split('\n')) {
    const mark: RegExpExecArray | null = toTheEnd ? null : /^(?:(?:&gt;|>){3}|(?:&gt;|>)) ?/.exec(line);
    toTheEnd ||= mark !== null && /^(?:&gt;|>){3}/.test(line);
    const quoted = toTheEnd || mark !== null;
    const last = groups.at(-1);
    const shown = mark ? line.slice(mark[0].length) : line;
    if (last?.quoted === quoted) last.lines.push(shown);
    else groups.push({ quoted, lines: [shown] });
  }
  return groups.map(({ quoted, lines: shown }) => ({
    type: quoted ? 'rich_text_quote' : 'rich_text_section',
    elements: shown
      .join('\n')
      .split(/(`[^`\n]+`)/)
      .flatMap((part, index) => {
        if (index % 2 === 1) return [{ ...words(part.slice(1, -1)), style: { code: true } }];
        return spoken(part);
      }),
  }));
}

function spoken(text: string): Element[] {
  const elements: Element[] = [];
  let rest = 0;
  for (const match of text.matchAll(/<(@|#|!|https?:)([^>|]*)(?:\|([^>]*))?>/g)) {
    if (match.index > rest) elements.push(words(text.slice(rest, match.index)));
    elements.push(elementOf(match[1] ?? '', match[2] ?? '', match[3]));
    rest = match.index + match[0].length;
  }
  if (rest < text.length) elements.push(words(text.slice(rest)));
  return elements;
}

function words(text: string): Element {
  return { type: 'text', text: plain(text) };
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
