import { z } from 'zod';
import { defineSlackTool } from '../define-tool.ts';
import { showPage } from './show-messages.ts';

export const BEFORE = z
  .string()
  .regex(/^\d{1,12}\.\d{1,9}$/, 'must be the name of a message, such as 1700000000.000100')
  .optional()
  .describe('Only messages older than the one of this name. An answer says the name with which its next page begins.');

const schema = z.object({
  limit: z.number().int().min(1).max(200).default(50).describe('How many messages to return.'),
  before: BEFORE,
});

export const readThread = defineSlackTool({
  name: 'read_thread',
  description: [
    "Reads this Slack thread from Slack's own history: its first message and the newest ones, oldest first, each with its time, author and kind of author.",
    'Pages back through up to 4,000 replies with `before`, and says how many are left out.',
    'You already have what was said to you here. Use it for what was said before you were called, and for messages that were left out.',
  ].join(' '),
  schema,
  parallel: true,
  async run({ room, session, turn }, wish, signal) {
    return showPage(await room.thread({ session, turn }, wish, signal));
  },
});
