import { channelType } from '../shapes/channel.ts';
import type { MessageShapes } from '../shapes/message.ts';
import { mentionedUsers } from '../world/mentions.ts';
import type { Channel, Message } from '../world/types.ts';
import { APP, TEAM } from '../world/workspace.ts';
import type { World } from '../world/world.ts';

/** An event of the Events API, still without its envelope. */
export type AppEvent = Readonly<Record<string, unknown>> & { readonly type: string };

/**
 * Tells the app what happened, as Slack would: only what it subscribed to, and only where it is a member. Message
 * metadata is not
 * in events: who wants it asks `conversations.replies` for it.
 * (docs.slack.dev/reference/events)
 */
export interface AppEvents {
  posted(message: Message): void;
  /** @param before the message object as it was, made before the change */
  edited(message: Message, before: Record<string, unknown>, previousText: string): void;
  /** A parent that leaves a tombstone has changed; every other message is deleted. */
  deleted(message: Message, before: Record<string, unknown>): void;
  reactionAdded(message: Message, user: string, name: string): void;
  memberJoined(channel: Channel, user: string, inviter: string): void;
  memberLeft(channel: Channel, user: string): void;
  /** @param view the Home tab as it was published; absent while it was not */
  homeOpened(channel: Channel, user: string, tab: 'home' | 'messages', view?: Record<string, unknown>): void;
  /** @param user the user object as it is now */
  userChanged(user: Record<string, unknown>): void;
}

/** @param deliver hands an event on to be wrapped and sent */
export function createAppEvents(
  world: World,
  shapes: MessageShapes,
  deliver: (event: AppEvent, channel: Channel) => void,
): AppEvents {
  const subscribed: ReadonlySet<string> = new Set(APP.events);
  const messageScopes = { public: 'channels', private: 'groups', im: 'im', mpim: 'mpim' } as const;

  function heardIn(channelId: string): Channel | null {
    const channel = world.channel(channelId);
    return channel?.members.includes(APP.userId) ? channel : null;
  }

  function sendMessage(channel: Channel, fields: Record<string, unknown>): void {
    if (!subscribed.has(`message.${messageScopes[channel.kind]}`)) return;
    deliver({ type: 'message', ...fields, channel: channel.id, channel_type: channelType(channel) }, channel);
  }

  /** In a one-to-one DM there is no app_mention; elsewhere there is one beside the message. */
  function sendMention(channel: Channel, message: Message): void {
    if (channel.kind === 'im' || message.user === APP.userId) return;
    if (!mentionedUsers(message.text).includes(APP.userId)) return;
    const { type: _type, subtype: _subtype, ...fields } = shapes.messageObject(message);
    deliver({ type: 'app_mention', ...fields, channel: channel.id, event_ts: message.ts }, channel);
  }

  function sendOther(channel: Channel, event: AppEvent): void {
    if (subscribed.has(event.type)) deliver(event, channel);
  }

  return {
    posted(message) {
      const channel = heardIn(message.channel);
      if (channel === null) return;
      sendMention(channel, message);
      sendMessage(channel, { ...shapes.messageObject(message), event_ts: message.ts });
    },
    edited(message, before, previousText) {
      const channel = heardIn(message.channel);
      if (channel === null) return;
      if (!mentionedUsers(previousText).includes(APP.userId)) sendMention(channel, message);
      const ts = world.nextTs();
      const after = shapes.messageObject(message);
      sendMessage(channel, {
        subtype: 'message_changed',
        message: after,
        previous_message: before,
        hidden: true,
        ts,
        event_ts: ts,
      });
    },
    deleted(message, before) {
      const channel = heardIn(message.channel);
      if (channel === null) return;
      const ts = world.nextTs();
      if (message.deleted) {
        const tombstone = shapes.messageObject(message);
        const change = { subtype: 'message_changed', message: tombstone, previous_message: before, hidden: true };
        sendMessage(channel, { ...change, ts, event_ts: ts });
        return;
      }
      sendMessage(channel, {
        subtype: 'message_deleted',
        deleted_ts: message.ts,
        previous_message: before,
        hidden: true,
        ts,
        event_ts: ts,
      });
    },
    reactionAdded(message, user, reaction) {
      const channel = heardIn(message.channel);
      if (channel === null) return;
      const item = { type: 'message', channel: channel.id, ts: message.ts };
      sendOther(channel, {
        type: 'reaction_added',
        user,
        reaction,
        item,
        item_user: message.user,
        event_ts: world.nextTs(),
      });
    },
    memberJoined(channel, user, inviter) {
      if (!channel.members.includes(APP.userId)) return;
      sendOther(channel, {
        type: 'member_joined_channel',
        user,
        channel: channel.id,
        channel_type: channel.kind === 'public' ? 'C' : 'G',
        team: world.person(user)?.teamId ?? TEAM.id,
        inviter,
        event_ts: world.nextTs(),
      });
    },
    memberLeft(channel, user) {
      if (!channel.members.includes(APP.userId) && user !== APP.userId) return;
      sendOther(channel, {
        type: 'member_left_channel',
        user,
        channel: channel.id,
        channel_type: channel.kind === 'public' ? 'C' : 'G',
        team: world.person(user)?.teamId ?? TEAM.id,
        event_ts: world.nextTs(),
      });
    },
    userChanged(user) {
      const channel = world.channel('general');
      if (channel) sendOther(channel, { type: 'user_change', user, cache_ts: 0, event_ts: world.nextTs() });
    },
    homeOpened(channel, user, tab, view) {
      sendOther(channel, {
        type: 'app_home_opened',
        user,
        channel: channel.id,
        tab,
        ...(view ? { view } : {}),
        event_ts: world.nextTs(),
      });
    },
  };
}
