import { randomUUID } from 'node:crypto';
import type { Changes } from '../changes.ts';
import type { AppEvents } from '../events/app-events.ts';
import type { MessageShapes } from '../shapes/message.ts';
import { notifiedOf } from '../world/notified.ts';
import type { Block, Message, MessageMetadata, MessageSubtype } from '../world/types.ts';
import { threadKey, type World } from '../world/world.ts';

export interface NewMessage {
  readonly channel: string;
  readonly user: string;
  readonly text: string;
  readonly blocks?: readonly Block[];
  readonly attachments?: readonly unknown[];
  readonly threadTs?: string | null;
  readonly broadcast?: boolean;
  readonly metadata?: MessageMetadata | null;
  readonly fileIds?: readonly string[];
  readonly subtype?: MessageSubtype | null;
  readonly unfurlLinks?: boolean | null;
  readonly unfurlMedia?: boolean | null;
  readonly linkNames?: boolean;
}

export interface MessageEdit {
  readonly text?: string;
  readonly blocks?: readonly Block[];
  readonly attachments?: readonly unknown[];
  readonly metadata?: MessageMetadata | null;
  /** Whether Slack shows "(edited)". */
  readonly marked: boolean;
}

/** Changes to messages: state, the page's feed and the app's events together. Rules are checked by the callers. */
export interface Messages {
  post(message: NewMessage): Message;
  edit(message: Message, by: string, edit: MessageEdit): void;
  remove(message: Message): void;
  /** @returns false when this person has already reacted so */
  react(message: Message, user: string, name: string): boolean;
  /** @returns false when there was no such reaction */
  unreact(message: Message, user: string, name: string): boolean;
}

export interface MessageDependencies {
  readonly world: World;
  readonly changes: Changes;
  readonly events: AppEvents;
  readonly shapes: MessageShapes;
}

/**
 * Changes messages, tells who follows the workspace and, where Slack would, the app. A bot's message clears the
 * status of its thread.
 */
export function createMessages({ world, changes, events, shapes }: MessageDependencies): Messages {
  const changed = (message: Message) => changes.add('message', { channel: message.channel, ts: message.ts });

  function clearStatus(message: Message): void {
    if (message.threadTs === null || world.person(message.user)?.bot === null) return;
    const key = threadKey(message.channel, message.threadTs);
    if (!world.statuses.delete(key)) return;
    changes.add('status', { channel: message.channel, threadTs: message.threadTs, status: '', loadingMessages: [] });
  }

  return {
    post(input) {
      const isBot = world.person(input.user)?.bot !== null;
      const message: Message = {
        channel: input.channel,
        ts: world.nextTs(),
        user: input.user,
        subtype: input.subtype ?? null,
        threadTs: input.threadTs ?? null,
        broadcast: input.broadcast ?? false,
        clientMsgId: isBot || input.subtype ? null : randomUUID(),
        unfurlLinks: input.unfurlLinks ?? null,
        unfurlMedia: input.unfurlMedia ?? null,
        linkNames: input.linkNames ?? false,
        notified: notifiedOf(input, world),
        text: input.text,
        blocks: input.blocks ?? [],
        attachments: input.attachments ?? [],
        metadata: input.metadata ?? null,
        fileIds: input.fileIds ?? [],
        reactions: [],
        edited: null,
        deleted: false,
      };
      const history = world.messages.get(message.channel) ?? [];
      history.push(message);
      world.messages.set(message.channel, history);
      for (const id of message.fileIds) {
        world.files.get(id)?.shares.push({ channel: message.channel, ts: message.ts, threadTs: message.threadTs });
      }
      changed(message);
      clearStatus(message);
      events.posted(message);
      return message;
    },
    edit(message, by, edit) {
      const before = shapes.messageObject(message);
      const previousText = message.text;
      if (edit.text !== undefined) message.text = edit.text;
      if (edit.blocks !== undefined) message.blocks = edit.blocks;
      if (edit.attachments !== undefined) message.attachments = edit.attachments;
      if (edit.metadata !== undefined) message.metadata = edit.metadata;
      if (edit.marked) message.edited = { user: by, ts: world.nextTs() };
      changed(message);
      events.edited(message, before, previousText);
    },
    remove(message) {
      const before = shapes.messageObject(message);
      const history = world.messages.get(message.channel) ?? [];
      const hasReplies = history.some((reply) => reply.threadTs === message.ts && !reply.deleted);
      if (hasReplies) {
        message.deleted = true;
        changed(message);
      } else {
        history.splice(history.indexOf(message), 1);
        changes.add('message-removed', { channel: message.channel, ts: message.ts });
      }
      events.deleted(message, before);
    },
    react(message, user, name) {
      const reaction = message.reactions.find((one) => one.name === name);
      if (reaction?.users.includes(user)) return false;
      if (reaction) reaction.users.push(user);
      else message.reactions.push({ name, users: [user] });
      changed(message);
      events.reactionAdded(message, user, name);
      return true;
    },
    unreact(message, user, name) {
      const reaction = message.reactions.find((one) => one.name === name);
      if (!reaction?.users.includes(user)) return false;
      reaction.users.splice(reaction.users.indexOf(user), 1);
      message.reactions = message.reactions.filter((one) => one.users.length > 0);
      changed(message);
      return true;
    },
  };
}
