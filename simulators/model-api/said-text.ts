const ROW = /^\|.*\|$/;
const RULE = /^\|(?:\s*:?-+:?\s*\|)+$/;

/** What is said, as one text. Rows of a table that follow each other are one table; everything else is a paragraph of its own. */
export function saidText(parts: readonly string[]): string {
  const paragraphs: string[][] = [];
  for (const part of parts) {
    const last = paragraphs.at(-1);
    if (ROW.test(part) && last && ROW.test(last[0] ?? '')) last.push(part);
    else paragraphs.push([part]);
  }
  return paragraphs.map((lines) => ruled(lines).join('\n')).join('\n\n');
}

/** Markdown wants a rule below the first row. Who writes a script may leave it out. */
function ruled([head = '', ...rows]: readonly string[]): string[] {
  if (rows.length === 0 || RULE.test(rows[0] ?? '')) return [head, ...rows];
  const columns = head.split('|').length - 2;
  return [head, `|${' --- |'.repeat(columns)}`, ...rows];
}
