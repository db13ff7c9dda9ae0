import { richText } from '../world/rich-text.ts';
import type { Message } from '../world/types.ts';
import { APP, TEAM } from '../world/workspace.ts';
import type { World } from '../world/world.ts';
import type { FileShapes } from './file.ts';

export interface MessageShapes {
  /** A message as history, replies and answers show it (docs.slack.dev/reference/events/message). */
  messageObject(message: Message, options?: { readonly metadata?: boolean }): Record<string, unknown>;
}

function idOnly(id: string): Record<string, unknown> {
  return { id, mode: 'file_access', file_access: 'check_file_info', created: 0, timestamp: 0, user: '' };
}

/**
 * Shapes by author: a bot carries its profile, a person of another organization their team, everybody else the id
 * their client gave.
 */
export function createMessageShapes(world: World, files: FileShapes): MessageShapes {
  function authorFields(message: Message): Record<string, unknown> {
    const author = world.person(message.user);
    const bot = author?.bot;
    if (bot) {
      const profile = { id: bot.botId, app_id: bot.appId, user_id: message.user, name: author.name, deleted: false };
      return { bot_id: bot.botId, app_id: bot.appId, bot_profile: { ...profile, team_id: TEAM.id } };
    }
    if (author?.kind === 'stranger') return { user_team: author.teamId, source_team: author.teamId };
    return message.clientMsgId === null ? {} : { client_msg_id: message.clientMsgId };
  }

  function fileFields(message: Message): Record<string, unknown> {
    if (message.fileIds.length === 0) return {};
    const shared = world.channel(message.channel)?.isExtShared === true;
    const objects = message.fileIds.flatMap((id) => {
      const file = world.files.get(id);
      if (file === undefined) return [];
      // In Slack Connect channels the event carries only the id, and files.info has the rest.
      return [shared || file.idOnly ? idOnly(id) : files.fileObject(file)];
    });
    return { files: objects, upload: false, display_as_bot: false };
  }

  function threadFields(message: Message): Record<string, unknown> {
    if (message.threadTs !== null) {
      const parent = world.message(message.channel, message.threadTs);
      return { thread_ts: message.threadTs, ...(parent === undefined ? {} : { parent_user_id: parent.user }) };
    }
    const replies = world.history(message.channel).filter((reply) => reply.threadTs === message.ts && !reply.deleted);
    if (replies.length === 0) return {};
    const users = [...new Set(replies.map((reply) => reply.user))];
    return {
      thread_ts: message.ts,
      reply_count: replies.length,
      reply_users: users,
      reply_users_count: users.length,
      latest_reply: replies.at(-1)?.ts,
      is_locked: false,
      subscribed: users.includes(APP.userId) || message.user === APP.userId,
    };
  }

  return {
    messageObject(message, options = {}) {
      if (message.deleted) {
        return {
          type: 'message',
          subtype: 'tombstone',
          text: 'This message was deleted.',
          user: 'USLACKBOT',
          hidden: true,
          ts: message.ts,
          ...threadFields(message),
        };
      }
      const blocks =
        message.blocks.length > 0 || message.text === '' || message.subtype?.startsWith('channel_')
          ? message.blocks
          : [richText(message.text, message.ts.slice(-5))];
      return {
        type: 'message',
        ...(message.subtype === null ? {} : { subtype: message.subtype }),
        ...(message.broadcast ? { subtype: 'thread_broadcast' } : {}),
        user: message.user,
        ts: message.ts,
        ...authorFields(message),
        text: message.text,
        team: world.person(message.user)?.teamId ?? TEAM.id,
        ...(blocks.length > 0 ? { blocks } : {}),
        ...(message.attachments.length > 0 ? { attachments: message.attachments } : {}),
        ...fileFields(message),
        ...threadFields(message),
        ...(message.edited === null ? {} : { edited: message.edited }),
        ...(message.reactions.length === 0
          ? {}
          : { reactions: message.reactions.map((one) => ({ ...one, count: one.users.length })) }),
        ...(options.metadata && message.metadata !== null ? { metadata: message.metadata } : {}),
      };
    },
  };
}
