/**
 * A name, title or topic that somebody outside has written, on one line and bounded: it can neither begin a line of ours nor
 * close a mark or a quotation around it.
 */
export function wordsOfOthers(text: string, most: number): string {
  const line = text
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .replace(/["<>]/g, "'")
    .trim();
  const letters = [...line];
  return letters.length <= most ? line : `${letters.slice(0, most - 1).join('')}…`;
}
