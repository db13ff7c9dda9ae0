/** A piece of Markdown that can stand alone: a fence, a table, or lines up to an empty one. */
interface Block {
  readonly kind: 'fence' | 'table' | 'text';
  readonly lines: readonly string[];
}

/**
 * Cuts Markdown into pieces of at most `limit` characters, if possible between blocks. A fence that is cut is closed
 * and opened again. A table that is cut gets its head again. The same text always gives the same pieces.
 */
export function splitMarkdown(markdown: string, limit: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const part of blocksOf(markdown).flatMap((block) => fitted(block, limit))) {
    if (piece && piece.length + 2 + part.length > limit) {
      pieces.push(piece);
      piece = part;
    } else {
      piece = piece ? `${piece}\n\n${part}` : part;
    }
  }
  if (piece) pieces.push(piece);
  return pieces;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const TABLE_RULE = /^ {0,3}\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?$/;

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
    const fence = FENCE.exec(line)?.[1];
    if (fence) {
      at += 1;
      while (at < lines.length && !isClosing(lines[at] ?? '', fence)) at += 1;
      at += 1;
      blocks.push({ kind: 'fence', lines: lines.slice(start, at) });
      continue;
    }
    while (at < lines.length && (lines[at] ?? '').trim() !== '' && !(at > start && FENCE.test(lines[at] ?? '')))
      at += 1;
    const taken = lines.slice(start, at);
    const isTable = taken.length > 2 && line.includes('|') && TABLE_RULE.test((taken[1] ?? '').trimEnd());
    blocks.push({ kind: isTable ? 'table' : 'text', lines: taken });
  }
  return blocks;
}

function isClosing(line: string, fence: string): boolean {
  const closing = /^ {0,3}(`{3,}|~{3,})\s*$/.exec(line)?.[1];
  return closing !== undefined && closing[0] === fence[0] && closing.length >= fence.length;
}

function fitted(block: Block, limit: number): string[] {
  const whole = block.lines.join('\n');
  if (whole.length <= limit) return [whole];
  switch (block.kind) {
    case 'fence': {
      const [open = '```', ...rest] = block.lines;
      const fence = FENCE.exec(open)?.[1] ?? '```';
      // The opening line takes most of the room, so it is code on one line, or not code at all.
      if (open.length + fence.length > limit / 2) return packLines(block.lines, limit);
      const inside = rest.length > 0 && isClosing(rest.at(-1) ?? '', fence) ? rest.slice(0, -1) : rest;
      return packLines(inside, limit - open.length - fence.length - 2).map((text) => `${open}\n${text}\n${fence}`);
    }
    case 'table': {
      const head = block.lines.slice(0, 2).join('\n');
      if (head.length > limit / 2) return packLines(block.lines, limit);
      return packLines(block.lines.slice(2), limit - head.length - 1).map((rows) => `${head}\n${rows}`);
    }
    default:
      return packLines(block.lines, limit);
  }
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
