import { z } from 'zod';
import { capForModel } from './cap-output.ts';
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
      indented(`${at.toISOString()} ${author} (${authorClass}): ${text}`),
    );
    const { text, truncated } = capForModel(lines.join('\n'));
    return { text, isError: false, exitCode: null, output: null, truncated };
  },
});

/** Only a message begins at the margin: its text cannot pass for another one. */
function indented(message: string): string {
  return message.replace(/\r\n?|[\n\v\f\u0085\u2028\u2029]/g, '\n    ');
}
