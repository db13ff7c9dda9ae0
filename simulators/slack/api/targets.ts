import { isTs } from '../world/timestamps.ts';
import type { Channel, Message } from '../world/types.ts';
import { APP } from '../world/workspace.ts';
import type { World } from '../world/world.ts';
import { SlackError } from './errors.ts';
import type { MethodDependencies } from './method.ts';

/** A conversation the app may know of. A private one it is not in does not exist for it. */
export function visibleChannel(world: World, id: string): Channel {
  const channel = world.channels.get(id);
  if (channel === undefined) throw new SlackError('channel_not_found');
  if (channel.kind !== 'public' && !channel.members.includes(APP.userId)) throw new SlackError('channel_not_found');
  return channel;
}

/** A conversation the app reads or writes in: it must be a member. */
export function joinedChannel(world: World, id: string): Channel {
  const channel = visibleChannel(world, id);
  if (!channel.members.includes(APP.userId)) throw new SlackError('not_in_channel');
  return channel;
}

/** A conversation in which something may still change. @throws SlackError `is_archived` */
export function openChannel(world: World, id: string): Channel {
  const channel = joinedChannel(world, id);
  if (channel.isArchived) throw new SlackError('is_archived');
  return channel;
}

/** Where `chat.postMessage` posts: a conversation id, a channel name, or a person, whose DM is opened. */
export function postingTarget({ world, conversations }: MethodDependencies, value: string): Channel {
  const person = /^[UW]/.test(value) ? world.person(value) : undefined;
  if (person?.kind === 'slackbot' || person?.kind === 'bot') throw new SlackError('channel_not_found');
  const id = person ? conversations.openDm(person.id).channel.id : (world.channel(value)?.id ?? value);
  const channel = openChannel(world, id);
  if (channel.isRestricted) throw new SlackError('restricted_action');
  return channel;
}

/** @throws SlackError `message_not_found`, also for a deleted message that left a trace in its thread */
export function existingMessage(world: World, channel: Channel, ts: string): Message {
  const message = world.message(channel.id, ts);
  if (message === undefined || message.deleted) throw new SlackError('message_not_found');
  return message;
}

/**
 * Where a post of the app lands. Slack takes one into a thread whose first message is gone without a trace, and shows it at the top level: null.
 */
export function postedThread(world: World, channel: Channel, ts: string): string | null {
  const message = isTs(ts) ? world.message(channel.id, ts) : undefined;
  return message === undefined ? null : (message.threadTs ?? message.ts);
}

/** The thread a reply goes to; a reply's own ts stands for its thread. */
export function existingThread(world: World, channel: Channel, ts: string): string {
  const message = isTs(ts) ? world.message(channel.id, ts) : undefined;
  if (message === undefined) throw new SlackError('thread_not_found');
  return message.threadTs ?? message.ts;
}
