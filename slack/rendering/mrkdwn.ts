import { outsideCode } from './neutralise.ts';

/** Slack's escapes: nothing in the text can then be a mention, a link or a channel. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Markdown as Slack's older `mrkdwn`: the `text` of a message, which notifications, search and screen readers use
 * beside its blocks. Escaped first, so that only the links made here are links.
 */
export function toMrkdwn(markdown: string): string {
  return outsideCode(escapeText(markdown), (text) =>
    text
      .replace(/^ {0,3}#{1,6}\s+(.+?)\s*#*$/gm, '*$1*')
      .replace(/\*\*(?=\S)([^\n]*?\S)\*\*/g, '*$1*')
      .replace(/~~(?=\S)([^\n]*?\S)~~/g, '~$1~')
      .replace(/^(\s*)[-*+]\s+/gm, '$1• ')
      .replace(/\[([^\]\n]+)\]\((https?:\/\/[^\s()|]+)\)/g, '<$2|$1>'),
  );
}

/** Cuts at `limit` characters, saying so. */
export function cutText(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}
