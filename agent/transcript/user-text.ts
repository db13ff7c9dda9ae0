import type { AttachedFile, UserContent } from '../../contracts/conversation.ts';
import { incomingPath } from '../incoming-files.ts';

export interface UserMessage {
  readonly author: string;
  readonly authorClass: string;
  readonly content: UserContent;
}

/**
 * A message as the model reads it: who wrote it and of what class they are stand outside the text, in a mark that the
 * text itself cannot close or forge.
 */
export function userText({ author, authorClass, content }: UserMessage): string {
  if (content.kind === 'stop') return `<stopped by="${attribute(content.name ?? author)}" />`;
  if (content.kind === 'edit') return editText({ author, authorClass, content });
  const mark = content.context ? 'context' : 'message';
  const attributes = [
    `from="${attribute(content.name ?? author)}"`,
    `id="${attribute(author)}"`,
    `class="${attribute(authorClass)}"`,
    ...(content.kind === 'schedule' ? ['by="schedule"'] : []),
    ...timeOf(content.ts),
  ];
  const files = content.files.map(fileLine);
  const body = [disarm(content.text), ...files].filter((part) => part !== '').join('\n');
  return `<${mark} ${attributes.join(' ')}>\n${body}\n</${mark}>`;
}

/** A note of what was changed, and how. */
function editText({ author, authorClass, content }: UserMessage): string {
  const attributes = [
    `by="${attribute(content.name ?? author)}"`,
    `id="${attribute(author)}"`,
    `class="${attribute(authorClass)}"`,
    ...timeOf(content.edits ?? '').map((at) => `message_${at}`),
    ...timeOf(content.ts),
  ];
  const text = `<before>\n${disarm(content.before ?? '')}\n</before>\n<after>\n${disarm(content.text)}\n</after>`;
  return `<edited ${attributes.join(' ')}>\n${text}\n</edited>`;
}

/** Marks of ours inside people's text lose their meaning and stay readable. */
export function disarm(text: string): string {
  return text.replace(
    /<(?=\/?(?:message|context|summary|stopped|turn|repository-notes|attached|edited|before|after)\b)/gi,
    '‹',
  );
}

function fileLine({ name, size, file, problem }: AttachedFile): string {
  const where = file === null ? `${name} (${problem ?? 'not taken'})` : `${incomingPath(file, name)}, ${size} bytes`;
  return `[file: ${disarm(oneLine(where))}]`;
}

function attribute(value: string): string {
  return oneLine(value).replace(/["<>]/g, "'");
}

function oneLine(value: string): string {
  return value.replace(/\s+/g, ' ');
}

/** Slack's `ts` is seconds since 1970 with a serial number behind the point. */
function timeOf(ts: string): string[] {
  const seconds = Number.parseFloat(ts);
  if (!Number.isFinite(seconds) || seconds <= 0 || seconds > 8e12) return [];
  return [`at="${new Date(Math.floor(seconds) * 1000).toISOString()}"`];
}
