import { z } from 'zod';
import { defineSlackTool } from '../define-tool.ts';
import { BEFORE } from './read-thread.ts';
import { showPage } from './show-messages.ts';

export const CHANNEL = z.string().min(1).max(100);

const OTHER = CHANNEL.optional().describe(
  'Another channel, such as #general. This channel without it. Only public channels I am in can be read from elsewhere.',
);

export const readChannel = defineSlackTool({
  name: 'read_channel',
  description: [
    'Reads what was said in this channel, or in another public channel: the newest messages first, page by page with `before`, each page in the order it was written.',
    'Replies in threads are not in it; a message that has some says how many, with the link for read_message.',
    'Use it for "catch me up", and whenever a question is about what people said outside of this thread.',
  ].join(' '),
  schema: z.object({
    channel: OTHER,
    limit: z.number().int().min(1).max(200).default(50).describe('How many messages to return.'),
    before: BEFORE,
  }),
  parallel: true,
  async run({ room, session, turn }, wish, signal) {
    return showPage(await room.channel({ session, turn }, wish, signal));
  },
});

export const readPins = defineSlackTool({
  name: 'read_pins',
  description: 'Reads the pinned messages of this channel, or of another public channel.',
  schema: z.object({ channel: OTHER }),
  parallel: true,
  async run({ room, session, turn }, wish, signal) {
    return showPage(await room.pins({ session, turn }, wish, signal));
  },
});

export const readMessage = defineSlackTool({
  name: 'read_message',
  description: [
    'Reads the message behind a link of Slack (https://….slack.com/archives/…/p…), with the thread it stands in.',
    'The link of the first message of a thread gives its newest replies; the link of a reply gives what was said up to it.',
  ].join(' '),
  schema: z.object({
    link: z.string().min(1).max(500).describe('The link, as "Copy link" gives it.'),
    limit: z.number().int().min(1).max(200).default(30).describe('How many replies to return.'),
    before: BEFORE,
  }),
  parallel: true,
  async run({ room, session, turn }, wish, signal) {
    return showPage(await room.message({ session, turn }, wish, signal));
  },
});
