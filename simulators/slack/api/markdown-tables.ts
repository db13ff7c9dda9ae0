/** The tables of a text in Markdown, each as rows of cells. What stands in a fence is code and no table. */
export function tablesIn(markdown: string): string[][][] {
  const tables: string[][][] = [];
  const lines = markdown.split('\n');
  let fence = '';
  let table: string[][] | null = null;
  for (const [at, line] of lines.entries()) {
    const mark = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line);
    if (fence) {
      if (mark?.[1]?.startsWith(fence) && mark[2]?.trim() === '') fence = '';
      continue;
    }
    if (mark?.[1]) {
      fence = mark[1];
      table = null;
    } else if (line.trim() === '') {
      table = null;
    } else if (table) {
      if (!isRule(line) || table.length > 1) table.push(cells(line));
    } else if (
      line.includes('|') &&
      isRule(lines[at + 1] ?? '') &&
      cells(line).length === cells(lines[at + 1] ?? '').length
    ) {
      table = [cells(line)];
      tables.push(table);
    }
  }
  return tables;
}

function isRule(line: string): boolean {
  return /^[\s|:-]*-[\s|:-]*$/.test(line) && cells(line).every((cell) => /^:?-+:?$/.test(cell));
}

function cells(line: string): string[] {
  const trimmed = line.trim();
  const inner = trimmed.slice(trimmed.startsWith('|') ? 1 : 0, /(?<!\\)\|$/.test(trimmed) ? -1 : undefined);
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim());
}
