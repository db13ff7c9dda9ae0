import type { Message } from './types.ts';

/** Users mentioned in Slack's own markup, `<@U…>` or `<@U…|name>`. */
export function mentionedUsers(text: string): string[] {
  return [...text.matchAll(/<@([UW][A-Z0-9]+)(?:\|[^>]*)?>/g)].flatMap((match) => match[1] ?? []);
}

type Fields = Readonly<Record<string, unknown>>;

const MANY = 'channel|here|everyone|subteam\\^S[A-Z0-9]+';
const MARKED = new RegExp(`<!(${MANY})(?:\\|[^>]*)?>`, 'gi');
/** A link of Markdown whose target Slack would read as its own markup. */
const LINKED = new RegExp(`\\]\\(\\s*<?!(${MANY})|^\\s*\\[[^\\]]+\\]:\\s*<?!(${MANY})`, 'gim');
const WORDS = /(?<!\w)@(channel|here|everyone)\b/g;

/**
 * Mentions that would call more than one person, in the text, in any block and in any attachment: `channel`, `here`, `everyone`, or a
 * user group. Where it is not documented how Slack reads a text, the worst is taken for true: entities in Markdown are
 * read, and marks count in any case of letters.
 */
export function broadcastMentions({
  text,
  blocks,
  attachments = [],
  linkNames,
}: Pick<Message, 'text' | 'blocks' | 'linkNames'> & Partial<Pick<Message, 'attachments'>>): string[] {
  // With `link_names` Slack makes mentions of plain words.
  const words = linkNames ? found(text, WORDS) : [];
  const all = [...found(text, MARKED), ...words, ...inBlocks(blocks), ...inBlocks(attachments)];
  return [...new Set(all.map((each) => each.toLowerCase()))];
}

function found(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap((match) => match.slice(1).find((part) => part !== undefined) ?? []);
}

function inBlocks(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(inBlocks);
  if (value === null || typeof value !== 'object') return [];
  const { type, ...rest } = value as Fields;
  switch (type) {
    // Its characters are shown as they are.
    case 'plain_text':
    case 'text':
    case 'raw_text':
      return [];
    case 'broadcast':
      return [String(rest.range)];
    case 'usergroup':
      return [`subteam^${String(rest.usergroup_id)}`];
    case 'markdown': {
      const read = decoded(String(rest.text ?? ''));
      return [...found(read, MARKED), ...found(read, LINKED)];
    }
    default:
      return Object.values(rest).flatMap((each) => (typeof each === 'string' ? found(each, MARKED) : inBlocks(each)));
  }
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', excl: '!' };

const CHARACTER = /\\([!<>()[\]])|&#(?:x([\da-f]{1,6})|(\d{1,7}));?|&(lt|gt|amp|excl);?/gi;

/** As CommonMark reads entities and escapes, once. */
function decoded(markdown: string): string {
  return markdown.replace(CHARACTER, (_, escaped?: string, hex?: string, decimal?: string, name?: string) => {
    if (escaped !== undefined) return escaped;
    if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? '';
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code > 0x10ffff ? '' : String.fromCodePoint(code);
  });
}
