/** A paragraph-level piece of a text. */
export type TextBlock =
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'heading'; readonly text: string; readonly level: number }
  | { readonly kind: 'quote'; readonly lines: readonly string[] }
  /** `start` is the first number of a numbered list. */
  | { readonly kind: 'list'; readonly start: number | null; readonly items: readonly string[] }
  | { readonly kind: 'table'; readonly head: readonly string[]; readonly rows: readonly (readonly string[])[] }
  | { readonly kind: 'rule' }
  | { readonly kind: 'lines'; readonly lines: readonly string[] };

const BULLET = /^\s*(?:[-*•]|(\d+)[.)])\s+(.*)$/;
const QUOTE = /^(?:>|&gt;)\s?(.*)$/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const TABLE_RULE = /^\s*\|?[\s:|-]*-[\s:|-]*\|?\s*$/;

/** Takes a message apart. What both of Slack's markups share; headings and tables only occur in `markdown`. */
export function splitText(text: string): TextBlock[] {
  const blocks: TextBlock[] = [];
  text.split(/```[a-z]*\n?([\s\S]*?)(?:```|$)/).forEach((part, index) => {
    if (index % 2 === 1) blocks.push({ kind: 'code', text: part.replace(/\n$/, '') });
    else if (part.trim() !== '') blocks.push(...splitLines(part.replace(/^\n+|\n+$/g, '').split('\n')));
  });
  return blocks;
}

function splitLines(lines: readonly string[]): TextBlock[] {
  const blocks: TextBlock[] = [];
  let at = 0;
  const run = (test: (line: string) => boolean): string[] => {
    const from = at;
    while (at < lines.length && test(lines[at] ?? '')) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const heading = HEADING.exec(line);
    if (heading) {
      at += 1;
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, text: heading[2] ?? '' });
    } else if (/^\s*(?:---+|\*\*\*+)\s*$/.test(line)) {
      at += 1;
      blocks.push({ kind: 'rule' });
    } else if (line.includes('|') && TABLE_RULE.test(lines[at + 1] ?? '') && (lines[at + 1] ?? '').includes('|')) {
      const [head = '', , ...rows] = run((each) => each.includes('|'));
      blocks.push({ kind: 'table', head: cells(head), rows: rows.map(cells) });
    } else if (QUOTE.test(line)) {
      blocks.push({ kind: 'quote', lines: run((each) => QUOTE.test(each)).map((each) => QUOTE.exec(each)?.[1] ?? '') });
    } else if (BULLET.test(line)) {
      const number = BULLET.exec(line)?.[1];
      const items = run((each) => BULLET.test(each)).map((each) => BULLET.exec(each)?.[2] ?? '');
      blocks.push({ kind: 'list', start: number === undefined ? null : Number(number), items });
    } else if (line.trim() === '') {
      at += 1;
    } else {
      at += 1;
      const last = blocks.at(-1);
      const joined = last?.kind === 'lines' && lines[at - 2]?.trim() !== '';
      if (joined) blocks[blocks.length - 1] = { kind: 'lines', lines: [...last.lines, line] };
      else blocks.push({ kind: 'lines', lines: [line] });
    }
  }
  return blocks;
}

function cells(line: string): string[] {
  return line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map((cell) => cell.trim());
}
