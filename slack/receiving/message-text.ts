import { type Fields, fieldsOf } from '../api/fields.ts';
import { escapeText } from '../rendering/mrkdwn.ts';
import { readBlocks } from './read-blocks.ts';

/** What every line begins with that says whose the words after it are. */
const ATTACHED = '[attached: ';
/** The most characters of what is attached to a message, such as forwarded messages. */
const MOST_ATTACHED = 20_000;

/**
 * A message as a person sees it, as mrkdwn: its text, what an app shows in blocks only, and what is attached. Somebody
 * else's words stand under a line that says so: forwarded messages, and the previews of links, whose words the page chooses.
 */
export function messageText(message: Fields): string {
  const isApp = typeof message.bot_id === 'string';
  const attached = list(message.attachments)
    .map((each) => readAttachment(each, isApp))
    .filter(Boolean)
    .join('\n\n');
  const cut =
    attached.length > MOST_ATTACHED ? `${attached.slice(0, MOST_ATTACHED)}\n[the rest is left out]` : attached;
  return [ownText(message), cut].filter(Boolean).join('\n\n');
}

/** What its author says in a text of {@link messageText}, without what is attached. */
export function authorsWords(text: string): string {
  const attached = text.startsWith(ATTACHED) ? 0 : text.indexOf(`\n\n${ATTACHED}`);
  return attached < 0 ? text : text.slice(0, attached);
}

/** Apps say in `text` what a notification shows, which may be less than their blocks. A person's blocks say the same as their text. */
function ownText({ text, blocks, bot_id: bot }: Fields): string {
  const said = typeof text === 'string' ? text : '';
  if (said !== '' && typeof bot !== 'string') return said;
  const shown = readBlocks(blocks);
  if (said === '' || plain(shown).includes(plain(said))) return shown || said;
  return plain(said).includes(plain(shown)) ? said : `${said}\n${shown}`;
}

/** Without marks, so that two ways of saying the same compare as equal. */
function plain(text: string): string {
  return text.replace(/[*_~`\s]/g, '');
}

/** Whether an attachment is a message that somebody shares. */
export function isForwarded(attachment: Fields): boolean {
  return attachment.is_share === true || attachment.is_msg_unfurl === true;
}

/**
 * A forwarded message, the preview of a link, or what an app attached (docs.slack.dev, "Secondary message attachments").
 */
function readAttachment(attachment: Fields, isApp: boolean): string {
  const { author_name: author, from_url: from, fallback } = attachment;
  const forwarded = isForwarded(attachment);
  const inner = list(attachment.message_blocks).map((each) => readBlocks(fieldsOf(each.message).blocks));
  const isOwn = isApp && !forwarded;
  const lines = [
    mrkdwn(attachment.pretext),
    isOwn && typeof author === 'string' ? escapeText(author) : '',
    title(attachment),
    mrkdwn(attachment.text) || [...inner, readBlocks(attachment.blocks)].filter(Boolean).join('\n'),
    ...list(attachment.fields).map((field) => `${mrkdwn(field.title)}: ${mrkdwn(field.value)}`),
    ...list(attachment.files).map(fileLine),
    image(attachment),
    isOwn ? list(attachment.actions).map(button).filter(Boolean).join(' ') : '',
    isOwn ? mrkdwn(attachment.footer) : '',
  ].filter(Boolean);
  const words = lines.length > 0 ? lines.join('\n') : mrkdwn(fallback);
  if (words === '' || isOwn) return words;
  const where = typeof from === 'string' ? ` (${escapeText(from)})` : '';
  if (!forwarded) return `${ATTACHED}a preview${where}, in the words of that page]\n${words}`;
  const whose = typeof author === 'string' ? ` of ${escapeText(author)}` : '';
  return `${ATTACHED}a forwarded message${whose}${where}]\n${words}`;
}

function title({ title: words, title_link: link }: Fields): string {
  if (typeof words !== 'string' || words === '') return '';
  return typeof link === 'string' ? `${words} (${escapeText(link)})` : words;
}

/** A button of the older kind, by its words and its address. */
function button({ type, text, url }: Fields): string {
  if (type !== 'button' || typeof text !== 'string') return '';
  return typeof url === 'string' ? `[${escapeText(text)}: ${escapeText(url)}]` : `[${escapeText(text)}]`;
}

function image({ image_url: address }: Fields): string {
  return typeof address === 'string' ? `[image: ${escapeText(address)}]` : '';
}

function fileLine({ name, title: words, permalink }: Fields): string {
  const shown = [words ?? name, permalink].filter((each): each is string => typeof each === 'string');
  return `[file: ${escapeText(shown.join(', '))}]`;
}

function mrkdwn(text: unknown): string {
  return typeof text === 'string' ? text : '';
}

function list(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}
