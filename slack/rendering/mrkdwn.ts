import { isHighSurrogate } from './split-markdown.ts';

/** Slack's escapes: nothing in the text can then be a mention, a link or a channel. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Plain words in which Slack finds no link either: for what it posts without a way to turn unfurling off. */
export function escapeUnlinked(text: string): string {
  return escapeText(text.replace(/[.:](?=\S)/g, '$&\u200b'));
}

/**
 * Markdown as Slack's older `mrkdwn`: the `text` of a message, which notifications, search and screen readers use
 * beside its blocks. Escaped first, so that only the links made here are links.
 */
export function toMrkdwn(markdown: string): string {
  return outsideCode(escapeText(markdown), (text) =>
    text
      .replace(
        /^ {0,3}#{1,6}[ \t]{1,9}(\S.*)$/,
        (_, head: string) =>
          `*${head
            .trimEnd()
            .replace(/(?<!#)#+$/, '')
            .trimEnd()}*`,
      )
      .replace(/\*\*(?=\S)(.*?\S)\*\*/g, '*$1*')
      .replace(/~~(?=\S)(.*?\S)~~/g, '~$1~')
      .replace(/^(\s*)[-*+]\s+/, '$1• ')
      .replace(/\[([^[\]]+)\]\((https?:\/\/[^\s()|]+)\)/g, '<$2|$1>'),
  );
}

/**
 * Applies `change` to what of each line is neither in a fence nor between backticks. Only looks depend on it: what
 * is taken for code differs from CommonMark in rare cases.
 */
function outsideCode(markdown: string, change: (text: string) => string): string {
  let fence: string | null = null;
  const lines = markdown.split('\n').map((line) => {
    const mark = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence !== null) {
      if (mark?.startsWith(fence)) fence = null;
      return line;
    }
    if (mark) {
      fence = mark;
      return line;
    }
    return line
      .split(/(`[^`]+`)/)
      .map((part, index) => (index % 2 === 0 ? change(part) : part))
      .join('');
  });
  return lines.join('\n');
}

/** Cuts at `limit` UTF-16 units, saying so, and never between the two halves of one character. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = isHighSurrogate(text.charCodeAt(limit - 2)) ? limit - 2 : limit - 1;
  return `${text.slice(0, end)}…`;
}
