import { errorBody } from './errors.ts';
import { type Message, messageEvents } from './message-events.ts';
import { CHAT_COMPLETIONS } from './openai/chat-completions.ts';
import { RESPONSES } from './openai/responses.ts';
import { type ReadRequest, readRequest } from './request.ts';

/** One protocol in which models are asked. All of them reach the same demo model. */
export interface Wire {
  readonly name: 'messages' | 'chat-completions' | 'responses';
  readonly path: string;
  read(body: unknown): ReadRequest;
  /** The answer of a request that does not stream. */
  whole(message: Message): object;
  /** The answer as server-sent events, each with its empty line. @param asked the body of the request */
  events(message: Message, asked: unknown): Iterable<string>;
  /** What is sent while the model takes its time. */
  readonly waiting: string;
  error(status: number, message: string, requestId: string): object;
}

/** https://platform.claude.com/docs/en/api/messages */
export const MESSAGES: Wire = {
  name: 'messages',
  path: '/v1/messages',
  read: readRequest,
  whole: (message) => message,
  *events(message) {
    for (const event of messageEvents(message)) yield `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
  },
  waiting: 'event: ping\ndata: {"type":"ping"}\n\n',
  error: errorBody,
};

/** Undefined for a path that none of them has. */
export function wireAt(path: string | undefined): Wire | undefined {
  return [MESSAGES, CHAT_COMPLETIONS, RESPONSES].find((wire) => wire.path === path);
}
