import { z } from 'zod';
import { MODEL_OUTPUT_BYTES } from './cap-output.ts';
import { defineTool } from './define-tool.ts';
import { said } from './tool.ts';

const schema = z.object({
  limit: z.number().int().min(1).max(200).default(50).describe('How many of the newest messages to return.'),
});

export const readThread = defineTool({
  name: 'read_thread',
  description:
    'Returns the newest messages of this Slack thread, oldest first, each with its author and time, further lines of it indented. No other thread or channel can be read.',
  schema,
  parallel: true,
  idempotent: true,
  async run({ thread, session }, { limit }) {
    const messages = await thread.read(session, limit);
    if (messages.length === 0) return said('(nothing is kept of this thread)');
    const lines = messages.map(({ at, author, authorClass, text }) =>
      indented(`${at.toISOString()} ${author} (${authorClass}): ${cut(text)}`),
    );
    const kept = newestThatFit(lines);
    const missing = lines.length - kept.length;
    const head = missing > 0 ? [`[… ${missing} older messages left out here …]`] : [];
    const text = [...head, ...kept].join('\n');
    return { text, isError: false, exitCode: null, output: null, truncated: missing > 0 };
  },
});

/** The limit for one message, so that it leaves room for the others. */
const MESSAGE_CHARACTERS = 6_000;

function cut(text: string): string {
  if (text.length <= MESSAGE_CHARACTERS) return text;
  return `${text.slice(0, MESSAGE_CHARACTERS)} [… ${text.length - MESSAGE_CHARACTERS} more characters …]`;
}

/** Keeps whole messages only. With a cut inside a message, its author could choose what looks like a new message. */
function newestThatFit(lines: readonly string[]): readonly string[] {
  let bytes = 0;
  const from = lines.findLastIndex((line) => {
    bytes += Buffer.byteLength(line) + 1;
    return bytes > MODEL_OUTPUT_BYTES;
  });
  return lines.slice(from + 1);
}

/** Indents all lines but the first, so that the text of a message cannot look like another message. */
function indented(message: string): string {
  return message.replace(/\r\n?|[\n\v\f\u0085\u2028\u2029]/g, '\n    ');
}
