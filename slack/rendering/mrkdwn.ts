import { isHighSurrogate } from './split-markdown.ts';

/** Escapes a text for Slack, so that nothing in it becomes a mention, a link or a channel. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** The same, cut so that it has at most `limit` characters as Slack counts them: each escape counts whole, and none is cut in two. */
export function escapeWithin(text: string, limit: number): string {
  const whole = escapeText(text);
  if (whole.length <= limit) return whole;
  let shown = '';
  for (const letter of text) {
    const next = escapeText(letter);
    if (shown.length + next.length >= limit) break;
    shown += next;
  }
  return `${shown}…`;
}

/** Escapes a text, and Slack also finds no link in it. For posts whose unfurling cannot be switched off. */
export function escapeUnlinked(text: string): string {
  return escapeText(text.replace(/[.:](?=\S)/g, '$&\u200b'));
}

/**
 * Converts Markdown to Slack's older `mrkdwn`, for the `text` of a message. Notifications, search and screen readers
 * use that text instead of the blocks. The text is escaped first, so that it has no links but those made here.
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
 * Applies `change` to the parts of the text that are neither in a fence nor between backticks. In rare cases this
 * differs from CommonMark. That is harmless, because only the look depends on it.
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

/** Cuts a text at `limit` UTF-16 units and marks the cut. Never cuts a surrogate pair in two. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const end = isHighSurrogate(text.charCodeAt(limit - 2)) ? limit - 2 : limit - 1;
  return `${text.slice(0, end)}…`;
}
