/** What Slack's layout blocks say, as mrkdwn (docs.slack.dev/reference/block-kit/blocks). */
import { type Fields, fieldsOf } from '../api/fields.ts';
import { escapeText } from '../rendering/mrkdwn.ts';
import { mentions } from './commands.ts';

/** Blocks inside blocks are read so deep. Slack nests them twice at most. */
const DEEPEST = 6;

/** What a person reads in blocks. One of a kind that is not known here is named by its kind, with the words and links in it. */
export function readBlocks(blocks: unknown, depth = 0): string {
  return entries(blocks)
    .map((block) => readBlock(block, depth))
    .filter((text) => text !== '')
    .join('\n');
}

function readBlock(block: Fields, depth: number): string {
  if (depth > DEEPEST) return '';
  switch (block.type) {
    case 'rich_text':
      return entries(block.elements).map(richSection).join('\n');
    case 'header':
    case 'section':
      return [textOf(block.text), ...entries(block.fields).map(textOf), accessory(block.accessory)]
        .filter(Boolean)
        .join('\n');
    case 'context':
      return entries(block.elements)
        .map((each) => textOf(each) || media(each))
        .join(' ');
    case 'markdown':
      return typeof block.text === 'string' ? escapeText(block.text) : '';
    case 'image':
    case 'video':
      return media(block);
    case 'table':
    case 'data_table':
      return [escaped(block.caption), ...list(block.rows).map((row) => readRow(row, depth))].filter(Boolean).join('\n');
    case 'actions':
      return entries(block.elements).map(accessory).filter(Boolean).join(' ');
    case 'divider':
    case 'input':
      return '';
    default:
      return [`[${escapeText(String(block.type))}]`, ...wordsIn(block, depth)].join('\n');
  }
}

/** What holds words for people in blocks of any kind. Everything else is how they look, or for machines. */
const SAYS_SOMETHING = new Set([
  ...['title', 'subtitle', 'caption', 'text', 'label', 'name', 'description'],
  ...['url', 'permalink'],
]);

/** The words and links in a block of a kind that is not known here, in their order. */
function wordsIn(block: Fields, depth: number): string[] {
  if (depth > DEEPEST) return [];
  return Object.entries(block).flatMap(([key, value]) => {
    if (typeof value === 'string') return SAYS_SOMETHING.has(key) && value !== '' ? [escapeText(value)] : [];
    return (Array.isArray(value) ? entries(value.flat(DEEPEST)) : [fieldsOf(value)]).flatMap((each) =>
      wordsOf(each, depth + 1),
    );
  });
}

function wordsOf(element: Fields, depth: number): string[] {
  const text = textOf(element) || accessory(element);
  if (text !== '') return [text];
  return (
    typeof element.type === 'string' && KNOWN.has(element.type) ? [readBlock(element, depth)] : wordsIn(element, depth)
  ).filter(Boolean);
}

/** Blocks that stand in others. */
const KNOWN = new Set([
  ...['rich_text', 'header', 'section', 'context', 'markdown', 'image', 'video'],
  ...['table', 'data_table', 'actions', 'divider', 'input'],
]);

function readRow(row: unknown, depth: number): string {
  return list(row)
    .map((cell) => readCell(cell, depth))
    .join(' | ');
}

/** A number is shown by its text, which has the form that its app gave it. */
function readCell(cell: unknown, depth: number): string {
  const found = fieldsOf(cell);
  if (found.type === 'raw_text') return escaped(found.text);
  if (found.type === 'raw_number') return escaped(found.text ?? String(found.value ?? ''));
  return readBlock(found, depth + 1);
}

/** A text object: `plain_text` shows its characters as they are. */
function textOf(text: unknown): string {
  const found = fieldsOf(text);
  if (found.type === 'mrkdwn') return typeof found.text === 'string' ? found.text : '';
  return found.type === 'plain_text' ? escaped(found.text) : '';
}

/** A button by its words, and by its address where it has one. */
function accessory(element: unknown): string {
  const { type, text, url } = fieldsOf(element);
  if (type === 'image') return media(fieldsOf(element));
  if (type !== 'button') return '';
  return typeof url === 'string' ? `[${textOf(text)}: ${escapeText(url)}]` : `[${textOf(text)}]`;
}

function media({ type, alt_text: alt, title, image_url: image, title_url: page }: Fields): string {
  const words = [escaped(alt) || textOf(title), escaped(image ?? page)].filter(Boolean).join(', ');
  return `[${escapeText(String(type))}${words ? `: ${words}` : ''}]`;
}

function richSection(section: Fields): string {
  const text = richLines(section);
  return isQuotation(section) ? text.replace(/^/gm, '&gt; ') : text;
}

function richLines(section: Fields): string {
  const { type, elements } = section;
  if (type === 'rich_text_list') {
    const indent = '  '.repeat(typeof section.indent === 'number' ? Math.min(section.indent, DEEPEST) : 0);
    const sign = (nth: number): string => (section.style === 'ordered' ? `${nth + 1}.` : '•');
    return entries(elements)
      .map((each, nth) => `${indent}${sign(nth)} ${richSection(each)}`)
      .join('\n');
  }
  const text = entries(elements).map(richElement).join('');
  return type === 'rich_text_preformatted' ? `\`\`\`${text}\`\`\`` : text;
}

function richElement(element: Fields): string {
  const { type, text, url, name } = element;
  switch (type) {
    case 'text':
      return escaped(text);
    case 'link':
      return text ? `<${escaped(url)}|${escaped(text)}>` : `<${escaped(url)}>`;
    case 'user':
      return `<@${escaped(element.user_id)}>`;
    case 'channel':
      return `<#${escaped(element.channel_id)}>`;
    case 'usergroup':
      return `<!subteam^${escaped(element.usergroup_id)}>`;
    case 'broadcast':
      return `<!${escaped(element.range)}>`;
    case 'emoji':
      return `:${escaped(name)}:`;
    case 'date':
      return escaped(element.fallback);
    default: {
      const which = [url, element.permalink, element.file_id, element.canvas_id, element.list_id].find(
        (each): each is string => typeof each === 'string',
      );
      return `[${escapeText(String(type))}${which === undefined ? '' : `: ${escapeText(which)}`}]`;
    }
  }
}

/**
 * Whether a message speaks to a user: by a mention that is neither in a quotation nor in code. Where the message has no rich text,
 * Slack's marks for code and quotation are respected in `text`.
 */
export function speaksTo(
  user: string,
  { text, blocks }: { readonly text?: unknown; readonly blocks?: unknown },
): boolean {
  const rich = entries(blocks).filter(({ type }) => type === 'rich_text');
  if (rich.length > 0) return rich.some(({ elements }) => entries(elements).some((each) => isSpoken(each, user)));
  return mentions(spokenText(String(text ?? '')), user);
}

/** A text in Slack's markup without what stands in code or in a quotation. */
export function spokenText(text: string): string {
  return (
    text
      .replace(/```[\s\S]*?(```|$)/g, ' ')
      .replace(/`[^`\n]*`/g, ' ')
      // Three marks quote all that follows (docs.slack.dev, "Formatting text").
      .replace(/^(?:&gt;|>){3}[\s\S]*/m, ' ')
      .replace(/^(&gt;|>).*$/gm, ' ')
  );
}

/** Slack shows a list in a quotation as a list with a border. */
function isQuotation({ type, border }: Fields): boolean {
  return type === 'rich_text_quote' || (type === 'rich_text_list' && typeof border === 'number' && border > 0);
}

function isSpoken(section: Fields, user: string): boolean {
  if (isQuotation(section) || section.type === 'rich_text_preformatted') return false;
  return entries(section.elements).some((each) => {
    if (each.type === 'rich_text_section') return isSpoken(each, user);
    return each.type === 'user' && each.user_id === user && fieldsOf(each.style).code !== true;
  });
}

function escaped(text: unknown): string {
  return typeof text === 'string' ? escapeText(text) : '';
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function entries(value: unknown): readonly Fields[] {
  return list(value).filter(
    (each): each is Fields => typeof each === 'object' && each !== null && !Array.isArray(each),
  );
}
