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

/** Marks of ours inside people's text lose their meaning and stay readable. */
export function disarm(text: string): string {
  return text.replace(/<(?=\/?(?:message|context|summary|stopped|turn|repository-notes|attached)\b)/gi, '‹');
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
