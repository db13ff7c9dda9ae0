import type { Channel, Message, Person } from '../world/types.ts';
import { APP } from '../world/workspace.ts';
import type { World } from '../world/world.ts';
import { ControlError } from './errors.ts';

/** @throws ControlError `no_such_person`, which lists who there is */
export function personNamed(world: World, idOrName: string): Person {
  const person = world.person(idOrName.replace(/^@/, ''));
  if (person) return person;
  const known = world.people.map((one) => one.name).join(', ');
  throw new ControlError('no_such_person', `There is nobody called ${idOrName} in the workspace. There are: ${known}.`);
}

/**
 * By id or name, with any members.
 * @throws ControlError `no_such_channel`
 */
export function channelNamed(world: World, idOrName: string): Channel {
  const channel = world.channel(idOrName);
  if (channel) return channel;
  throw new ControlError('no_such_channel', `There is no conversation ${idOrName}. A DM is opened by /_sim/open-dm.`);
}

/** Somebody whose part the page's user may play: not the app itself, and not Slack. */
export function actorNamed(world: World, idOrName: string): Person {
  const person = personNamed(world, idOrName);
  if (person.id !== APP.userId && person.kind !== 'slackbot') return person;
  throw new ControlError('not_possible', `Nobody acts as ${person.name} by the control API.`);
}

/** A conversation this person is in. */
export function channelOf(world: World, person: Person, idOrName: string): Channel {
  const channel = channelNamed(world, idOrName);
  if (channel.members.includes(person.id)) return channel;
  throw new ControlError('not_a_member', `${person.name} is not a member of ${channel.name || channel.id}.`);
}

/** @throws ControlError `no_such_message`, for a deleted one too */
export function messageAt(world: World, channel: Channel, ts: string): Message {
  const message = world.message(channel.id, ts);
  if (message && !message.deleted) return message;
  throw new ControlError('no_such_message', `There is no message ${ts} in ${channel.name || channel.id}.`);
}

/** A message that may be replied to: a parent that was deleted and has replies may, too. @throws ControlError `no_such_message` */
export function parentAt(world: World, channel: Channel, ts: string): Message {
  const message = world.message(channel.id, ts);
  return message?.deleted ? message : messageAt(world, channel, ts);
}
