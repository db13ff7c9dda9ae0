import { beginsTable, MOST_BODY_ROWS, parseTable, tableAsCode, tableForSlack } from './tables.ts';

/** A piece of Markdown that can stand alone: a fence, a table, or lines up to an empty one. */
interface Block {
  readonly kind: 'fence' | 'table' | 'text';
  readonly lines: readonly string[];
}

/** `one`: Slack shows one table in a message, and further ones are code. `code`: Slack shows none, and all are code. */
export type Tables = 'one' | 'code';

/** Slack takes 10,000 characters of tables in a message (docs.slack.dev, table block). */
const TABLE_LIMIT = 9_500;
/** In parts, each of them a message. */
const MOST_TABLES = 5;

/**
 * Cuts Markdown into pieces of at most `limit` characters, if possible between blocks. A fence that is cut is closed
 * and opened again. A table that is cut gets its head again. No piece has two tables. The same text always gives the same pieces.
 */
export function splitMarkdown(markdown: string, limit: number, tables: Tables = 'one'): string[] {
  const pieces: string[] = [];
  let piece = '';
  let hasTable = false;
  const fits = (part: string): boolean => piece === '' || piece.length + 2 + part.length <= limit;
  const add = (part: string, isTable: boolean): void => {
    const joins = fits(part) && !(isTable && hasTable);
    if (piece && !joins) pieces.push(piece);
    piece = piece && joins ? `${piece}\n\n${part}` : part;
    hasTable = isTable || (joins && hasTable);
  };
  for (const block of blocksOf(markdown)) {
    const parts = block.kind === 'table' ? tableParts(block.lines, limit) : null;
    const [only] = parts ?? [];
    // A small table after another one would need a message of its own. As code it stands where it belongs.
    const isSecond = parts?.length === 1 && only !== undefined && hasTable && fits(only);
    if (parts === null || isSecond || tables === 'code') {
      const shown: Block =
        block.kind === 'table' ? { kind: 'fence', lines: tableAsCode(parseTable(block.lines)) } : block;
      for (const part of fitted(shown, limit)) add(part, false);
    } else {
      for (const part of parts) add(part, true);
    }
  }
  if (piece) pieces.push(piece);
  return pieces;
}

/** A table in parts that Slack takes, each with its head. Null when it has to be shown as code. */
function tableParts(lines: readonly string[], limit: number): string[] | null {
  // More rows than all messages of an answer could show are code, or a file.
  if (lines.length > MOST_BODY_ROWS * MOST_TABLES) return null;
  const table = tableForSlack(parseTable(lines));
  const room = Math.min(limit, TABLE_LIMIT);
  if (table === null || table.head.length > room / 2) return null;
  const left = room - table.head.length - 1;
  if (table.rows.some((row) => row.length > left)) return null;
  const parts = packLines(table.rows, left);
  if (parts.some((rows) => rows.split('\n').length > MOST_BODY_ROWS)) return null;
  return parts.length === 0 ? [table.head] : parts.map((rows) => `${table.head}\n${rows}`);
}

const FENCE = /^( *)(`{3,}|~{3,})/;
/** A fence in a list is indented. One that does not end this soon is taken as words. */
const LONGEST_INDENTED = 100;

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    if (line.trim() === '') {
      at += 1;
      continue;
    }
    const start = at;
    const end = fenceEnd(lines, at);
    if (end !== null) {
      at = end;
      blocks.push({ kind: 'fence', lines: lines.slice(start, at) });
      continue;
    }
    const isTable = startsTable(lines, at);
    at += isTable ? 2 : 1;
    while (at < lines.length && (lines[at] ?? '').trim() !== '') {
      if (fenceEnd(lines, at) !== null || (!isTable && startsTable(lines, at))) break;
      at += 1;
    }
    blocks.push({ kind: isTable ? 'table' : 'text', lines: lines.slice(start, at) });
  }
  return blocks;
}

function startsTable(lines: readonly string[], at: number): boolean {
  return beginsTable(lines[at] ?? '', lines[at + 1] ?? '');
}

/** Where the fence that begins at this line is over. Null when none begins here. */
function fenceEnd(lines: readonly string[], at: number): number | null {
  const [, indent = '', fence] = FENCE.exec(lines[at] ?? '') ?? [];
  if (fence === undefined) return null;
  const isIndented = indent.length > 3;
  const most = isIndented ? Math.min(lines.length, at + LONGEST_INDENTED) : lines.length;
  for (let end = at + 1; end < most; end += 1) {
    if (isClosing(lines[end] ?? '', fence, isIndented)) return end + 1;
    // Slack may take these lines as words, and what it would take as something else has to be seen here as well.
    if (isIndented && (startsTable(lines, end) || /^ {0,3}(`{3}|~{3})/.test(lines[end] ?? ''))) return null;
  }
  return isIndented ? null : lines.length;
}

function isClosing(line: string, fence: string, isIndented = false): boolean {
  const [, indent = '', closing] = /^( *)(`{3,}|~{3,})\s*$/.exec(line) ?? [];
  if (closing === undefined || indent.length > 3 !== isIndented) return false;
  return closing[0] === fence[0] && closing.length >= fence.length;
}

function fitted(block: Block, limit: number): string[] {
  const whole = block.lines.join('\n');
  if (whole.length <= limit) return [whole];
  const [open = '', ...rest] = block.lines;
  const [, indent = '', fence] = FENCE.exec(open) ?? [];
  if (block.kind !== 'fence' || fence === undefined) return packLines(block.lines, limit);
  // An opening line that takes most of the room is code on one line, or not code at all. It must not open code that a cut leaves open.
  if (open.length + indent.length + fence.length > limit / 2) {
    const inside: Block = { kind: 'fence', lines: [fence, ...rest] };
    const more = fence.length > limit / 8 ? packLines(rest, limit) : fitted(inside, limit);
    return [...packLines([`\u200b${open}`], limit), ...(rest.length > 0 ? more : [])];
  }
  const isClosed = rest.length > 0 && isClosing(rest.at(-1) ?? '', fence, indent.length > 3);
  const inside = isClosed ? rest.slice(0, -1) : rest;
  const end = `${indent}${fence}`;
  return packLines(inside, limit - open.length - end.length - 2).map((text) => `${open}\n${text}\n${end}`);
}

function packLines(lines: readonly string[], limit: number): string[] {
  const packed: string[] = [];
  let current: string | null = null;
  for (const line of lines.flatMap((text) => cutLine(text, limit))) {
    if (current !== null && current.length + 1 + line.length > limit) {
      packed.push(current);
      current = line;
    } else {
      current = current === null ? line : `${current}\n${line}`;
    }
  }
  if (current !== null) packed.push(current);
  return packed;
}

/** Cuts a line that is too long at its last space, or at the limit when its second half has no space. */
function cutLine(line: string, limit: number): string[] {
  const parts: string[] = [];
  let rest = line;
  while (rest.length > limit) {
    const space = rest.lastIndexOf(' ', limit);
    let end = space > limit / 2 ? space : limit;
    // Never cuts a surrogate pair in two.
    if (isHighSurrogate(rest.charCodeAt(end - 1))) end -= 1;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  if (rest || parts.length === 0) parts.push(rest);
  return parts;
}

/** Whether this UTF-16 unit is the first half of a surrogate pair. */
export function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff;
}
