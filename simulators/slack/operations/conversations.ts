import type { Changes } from '../changes.ts';
import type { AppEvents } from '../events/app-events.ts';
import { slackId } from '../world/ids.ts';
import type { Channel } from '../world/types.ts';
import { APP } from '../world/workspace.ts';
import type { World } from '../world/world.ts';
import type { Messages } from './messages.ts';

export interface Conversations {
  /** The DM of one person with the app, made when first asked for. */
  openDm(user: string): { readonly channel: Channel; readonly created: boolean };
  /** The group DM of these people with the app, made when first asked for. */
  openGroup(users: readonly string[]): { readonly channel: Channel; readonly created: boolean };
  join(channel: Channel, user: string, inviter: string): void;
  leave(channel: Channel, user: string): void;
}

export interface ConversationDependencies {
  readonly world: World;
  readonly changes: Changes;
  readonly events: AppEvents;
  readonly messages: Messages;
  readonly now: () => number;
}

/** The id of a one-to-one direct message follows from the person's: it is the same after every start. */
export function createConversations(dependencies: ConversationDependencies): Conversations {
  const { world, changes, events, messages, now } = dependencies;

  function open(id: string, name: string, kind: 'im' | 'mpim', members: string[]) {
    const isExtShared = members.some((member) => world.person(member)?.kind === 'stranger');
    const created = Math.floor(now() / 1000);
    const plain = { topic: '', isGeneral: false, isArchived: false, isExtShared, created };
    const channel: Channel = { id, name, kind, members, ...plain };
    world.channels.set(id, channel);
    changes.add('channel', { channel: id });
    return { channel, created: true };
  }

  return {
    openDm(user) {
      const id = `D${user.slice(1).padStart(10, '0')}`;
      const known = world.channels.get(id);
      return known ? { channel: known, created: false } : open(id, '', 'im', [user, APP.userId]);
    },
    openGroup(users) {
      const members = [...new Set([...users, APP.userId])].sort();
      const known = [...world.channels.values()].find(
        (channel) => channel.kind === 'mpim' && [...channel.members].sort().join() === members.join(),
      );
      if (known) return { channel: known, created: false };
      const names = members.map((member) => world.person(member)?.name ?? member);
      return open(slackId('C'), `mpdm-${names.join('--')}-1`, 'mpim', members);
    },
    join(channel, user, inviter) {
      channel.members.push(user);
      changes.add('channel', { channel: channel.id });
      messages.post({
        channel: channel.id,
        user,
        subtype: 'channel_join',
        text: `<@${user}> has joined the channel`,
      });
      events.memberJoined(channel, user, inviter);
    },
    leave(channel, user) {
      messages.post({ channel: channel.id, user, subtype: 'channel_leave', text: `<@${user}> has left the channel` });
      channel.members = channel.members.filter((member) => member !== user);
      changes.add('channel', { channel: channel.id });
      events.memberLeft(channel, user);
    },
  };
}
