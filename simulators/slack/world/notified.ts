import { broadcastMentions, mentionedUsers } from './mentions.ts';
import type { Message } from './types.ts';
import type { World } from './world.ts';

type Posted = Pick<Message, 'channel' | 'user' | 'text'> &
  Partial<Pick<Message, 'threadTs' | 'blocks' | 'attachments' | 'linkNames'>>;

/**
 * Whom Slack notifies of a new message with its default settings: everybody else in a direct message, who is mentioned, who has
 * spoken in the thread or was mentioned there. Bots and people who are not there hear nothing.
 */
export function notifiedOf(message: Posted, world: World): string[] {
  const { channel, user, text, threadTs = null, blocks = [], attachments = [], linkNames = false } = message;
  const place = world.channel(channel);
  if (!place) return [];
  const thread = threadTs === null ? [] : world.thread(channel, threadTs);
  const everybody =
    place.kind === 'im' ||
    place.kind === 'mpim' ||
    broadcastMentions({ text, blocks, attachments, linkNames }).length > 0;
  const called = [
    ...mentionedUsers(`${text} ${JSON.stringify(blocks)}`),
    ...thread.flatMap((one) => [one.user, ...mentionedUsers(one.text)]),
  ];
  return place.members.filter(
    (id) => id !== user && world.person(id)?.bot === null && (everybody || called.includes(id)),
  );
}
