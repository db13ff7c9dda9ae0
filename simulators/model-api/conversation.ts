import type { Block, Message } from './request.ts';

/** The part of a conversation that the demo model works on: what was said and done since its last final answer. */
export interface Conversation {
  /** Texts addressed to it, in order, without marks and mentions. */
  readonly said: readonly string[];
  /** Tool calls of each of its answers since then, with their results. */
  readonly done: readonly (readonly DoneCall[])[];
  /** Everything else that it reads: what people say to each other, and marks around what they say. */
  readonly read: readonly string[];
}

export interface DoneCall {
  readonly tool: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly result: string;
  readonly isError: boolean;
}

/**
 * Works on single blocks, because a conversation may have its end of one turn and its beginning of the next in one user
 * message: a stop ends what came before it like an answer does.
 */
export function conversationOf(messages: readonly Message[]): Conversation {
  const items = messages.flatMap((message) => blocksOf(message).map((block) => ({ message, block })));
  const start = items.findLastIndex(({ message, block }) => isAnswer(message) || isStop(block)) + 1;
  const current = items.slice(start);
  const results = new Map(
    current.flatMap(({ block }) => (block.type === 'tool_result' ? [[block.tool_use_id, block] as const] : [])),
  );
  const answers = new Set(current.filter(({ message }) => message.role === 'assistant').map(({ message }) => message));
  const done = [...answers].map((message) =>
    callsOf(message).map((call): DoneCall => {
      const result = results.get(call.id);
      return {
        tool: call.name,
        input: call.input,
        result: textOf(result?.content),
        isError: result?.is_error ?? false,
      };
    }),
  );
  const said = sayingsOf(current);
  const read = current.flatMap(({ message, block }) =>
    message.role === 'user' && block.type === 'text' ? [block.text] : [],
  );
  return { said, done, read };
}

function isAnswer(message: Message): boolean {
  return message.role === 'assistant' && callsOf(message).length === 0;
}

function isStop(block: Block): boolean {
  return block.type === 'text' && block.text.startsWith('<stopped ');
}

/** Everything people said in a text of marked messages, for a summary. */
export function messagesIn(text: string): string[] {
  return [...text.matchAll(/^<message\b[^>\n]*>\n([\s\S]*?)\n<\/message>$/gm)].map((match) => cleaned(match[1] ?? ''));
}

/**
 * What people said, with what they have changed in it before it was worked on. An edit is a note behind the message. When an answer of the model
 * stands between both, the message has been read as it was, and the edit asks for nothing.
 */
function sayingsOf(items: readonly { readonly message: Message; readonly block: Block }[]): string[] {
  const said: Saying[] = [];
  let unread: Saying[] = [];
  for (const { message, block } of items) {
    if (message.role === 'assistant') unread = [];
    if (message.role === 'assistant' || block.type !== 'text') continue;
    const edit = editIn(block.text);
    const edited = edit && unread.find(({ author, text }) => author === edit.author && text === edit.before);
    if (edited) edited.text = edit.after;
    const sayings = saidIn(block.text).map((text) => ({ author: authorIn(block.text), text }));
    said.push(...sayings);
    unread.push(...sayings);
  }
  return said.map(({ text }) => text).filter((text) => text !== '');
}

interface Saying {
  readonly author: string | null;
  text: string;
}

function editIn(
  text: string,
): { readonly author: string | null; readonly before: string; readonly after: string } | null {
  const found = /^<edited\b[^>\n]*>\n<before>\n([\s\S]*?)\n<\/before>\n<after>\n([\s\S]*?)\n<\/after>/.exec(text);
  return found && { author: authorIn(text), before: cleaned(found[1] ?? ''), after: cleaned(found[2] ?? '') };
}

function authorIn(text: string): string | null {
  return /^<\w+\b[^>\n]* id="([^"]*)"/.exec(text)?.[1] ?? null;
}

/** Text without a mark comes from a person who calls the API by hand. */
function saidIn(text: string): string[] {
  // What people attached is shown, and orders nothing.
  if (text.startsWith('<attached>')) return [];
  const said = /^<(message|context|summary|turn|edited)\b/.test(text) ? messagesIn(text) : [cleaned(text)];
  return said.filter((part) => part !== '' && !part.startsWith('(Nothing new was said'));
}

function cleaned(text: string): string {
  return text
    .replace(/<@[A-Z0-9]+(?:\|[^>]*)?>/g, '')
    .replace(/^\[file: .*\]$/gm, '')
    .trim();
}

function callsOf(message: Message) {
  return blocksOf(message).filter((block) => block.type === 'tool_use');
}

function blocksOf(message: Message): readonly Block[] {
  return typeof message.content === 'string' ? [{ type: 'text', text: message.content }] : message.content;
}

function textOf(content: Extract<Block, { type: 'tool_result' }>['content']): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map((block) => (block.type === 'text' ? block.text : '')).join('');
}
