/** A table of Markdown, with the same number of cells in every row. */
export interface Table {
  readonly head: readonly string[];
  /** The rule under the head. */
  readonly rule: string;
  readonly rows: readonly (readonly string[])[];
}

/** Slack's limits of one table (docs.slack.dev, table block). The head is a row. */
const MOST_ROWS = 100;
const MOST_COLUMNS = 20;
/** A cell that is longer is not aligned: one long cell would widen every row. */
const WIDEST = 40;
/** Longer tables are not aligned, because nobody sees them whole. */
const MOST_ALIGNED = 2_000;
/** Slack refuses a table with an empty cell. This looks like one. */
const BLANK = '\u200b';

/** Whether a table begins with these two lines. */
export function beginsTable(head: string, rule: string): boolean {
  if (!head.includes('|') || !rule.includes('-')) return false;
  const marks = cellsOf(rule);
  return marks.every((mark) => /^:?-+:?$/.test(mark)) && marks.length === cellsOf(head).length;
}

/** @param lines begin with a head and its rule */
export function parseTable([first = '', rule = '', ...rest]: readonly string[]): Table {
  const head = cellsOf(first);
  const rows = rest.map((line) => {
    const cells = cellsOf(line);
    return [...cells.slice(0, head.length - 1), ...lastCell(cells, head.length)];
  });
  // One too wide for Slack is shown as it is. To fill its rows would cost the product of its lengths.
  if (head.length > MOST_COLUMNS) return { head, rule: rule.trim(), rows };
  return { head, rule: rule.trim(), rows: rows.map((row) => head.map((_, at) => row[at] ?? '')) };
}

/** What a row has beyond its head stays in its last cell, so that nothing is lost. */
function lastCell(cells: readonly string[], columns: number): string[] {
  const rest = cells.slice(columns - 1);
  return rest.length > 0 ? [rest.join(' \\| ')] : [];
}

/** The table as Slack takes it: no cell is empty, and every row has all its cells. Null when it is too large for Slack. */
export function tableForSlack({ head, rule, rows }: Table): { readonly head: string; readonly rows: string[] } | null {
  if (head.length > MOST_COLUMNS) return null;
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell || BLANK).join(' | ')} |`;
  return { head: `${line(head)}\n${rule}`, rows: rows.map(line) };
}

/** How many rows one table of Slack may have under its head. */
export const MOST_BODY_ROWS = MOST_ROWS - 1;

/** The table as code in aligned columns, for where Slack shows no table. The first line opens the code, the last one ends it. */
export function tableAsCode({ head, rows }: Table): string[] {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('\\|', '|')));
  const [top = '', ...body] = aligned(all) ?? all.map((row) => row.join(' | '));
  const lines = [top, '─'.repeat(Math.min(widthOf(top), WIDEST)), ...body];
  const marks = lines.flatMap((line) => line.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 2);
  const fence = '`'.repeat(marks + 1);
  return [fence, ...lines, fence];
}

/** Null when that is too much work, or makes the table much longer. */
function aligned(all: readonly (readonly string[])[]): string[] | null {
  const [head = []] = all;
  if (head.length > MOST_COLUMNS || all.length > MOST_ALIGNED) return null;
  const widest = (at: number): number => all.reduce((most, row) => Math.max(most, widthOf(row[at] ?? '')), 1);
  const widths = head.map((_, at) => Math.min(WIDEST, widest(at)));
  const lines = all.map((row) =>
    row
      .map((cell, at) => pad(cell, widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const size = (rows: readonly string[]): number => rows.reduce((sum, line) => sum + line.length + 1, 0);
  return size(lines) > 3 * size(all.map((row) => row.join(' | '))) ? null : lines;
}

function cellsOf(line: string): string[] {
  const cells = line
    .trim()
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim());
  if (cells.length > 1 && cells[0] === '') cells.shift();
  if (cells.length > 1 && cells.at(-1) === '') cells.pop();
  return cells;
}

const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/gu;
const UNSEEN = /[\p{M}\u200b-\u200f\u2060-\u2069]/gu;

/** How many columns a text takes in a font of fixed width. */
function widthOf(text: string): number {
  const seen = text.replace(UNSEEN, '');
  return [...seen].length + (seen.match(WIDE)?.length ?? 0);
}

function pad(cell: string, width: number): string {
  return cell + ' '.repeat(Math.max(0, width - widthOf(cell)));
}
