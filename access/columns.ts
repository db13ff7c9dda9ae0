/** Aligns rows in columns, two spaces apart. A code point counts as one column, which fits everything printed here. */
export function columns(rows: readonly (readonly string[])[], indent = ''): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) widths[index] = Math.max(widths[index] ?? 0, [...cell].length);
  }
  return rows
    .map((row) => row.map((cell, index) => cell + ' '.repeat((widths[index] ?? 0) - [...cell].length)).join('  '))
    .map((line) => `${indent}${line}`.trimEnd())
    .join('\n');
}
