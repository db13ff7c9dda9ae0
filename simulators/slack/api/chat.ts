import { APP } from '../world/workspace.ts';
import { isEmpty, MOST_EDITED_TEXT, MOST_TEXT, readContent, readMetadata } from './content.ts';
import { SlackError } from './errors.ts';
import type { MethodDependencies, Methods } from './method.ts';
import { isStreaming } from './streams.ts';
import { existingMessage, joinedChannel, postedThread, postingTarget, visibleChannel } from './targets.ts';

/** docs.slack.dev/reference/methods?family=chat */
export function chatMethods(dependencies: MethodDependencies): Methods {
  const { world, changes, messages, messageShapes, baseUrl } = dependencies;
  return {
    'chat.postMessage': {
      scope: 'chat:write',
      token: 'bot',
      handle(args) {
        const channel = postingTarget(dependencies, args.required('channel'));
        const content = readContent(args, MOST_TEXT);
        if (isEmpty(content)) throw new SlackError('no_text');
        const threadTs = args.text('thread_ts');
        const message = messages.post({
          channel: channel.id,
          user: APP.userId,
          text: content.text ?? '',
          blocks: content.blocks ?? [],
          attachments: content.attachments ?? [],
          metadata: readMetadata(args) ?? null,
          threadTs: threadTs ? postedThread(world, channel, threadTs) : null,
          broadcast: args.flag('reply_broadcast') ?? false,
          unfurlLinks: args.flag('unfurl_links') ?? null,
          unfurlMedia: args.flag('unfurl_media') ?? null,
          linkNames: (args.flag('link_names') ?? false) || args.text('parse') === 'full',
        });
        return {
          channel: channel.id,
          ts: message.ts,
          message: messageShapes.messageObject(message, { metadata: true }),
        };
      },
    },
    'chat.update': {
      scope: 'chat:write',
      token: 'bot',
      handle(args) {
        const channel = joinedChannel(world, args.required('channel'));
        const message = existingMessage(world, channel, args.required('ts'));
        if (message.user !== APP.userId) throw new SlackError('cant_update_message');
        if (isStreaming(message)) throw new SlackError('streaming_state_conflict');
        const content = readContent(args, MOST_EDITED_TEXT);
        const metadata = readMetadata(args);
        if (isEmpty(content) && content.blocks === undefined && metadata === undefined) throw new SlackError('no_text');
        const blocks = content.blocks ?? (content.text === undefined ? undefined : []);
        messages.edit(message, APP.userId, {
          ...(content.text === undefined ? {} : { text: content.text }),
          ...(blocks === undefined ? {} : { blocks }),
          ...(content.attachments === undefined ? {} : { attachments: content.attachments }),
          ...(metadata === undefined ? {} : { metadata }),
          // Slack marks only edits of plain text as edited.
          marked: content.blocks === undefined,
        });
        return {
          channel: channel.id,
          ts: message.ts,
          text: message.text,
          message: messageShapes.messageObject(message, { metadata: true }),
        };
      },
    },
    'chat.delete': {
      scope: 'chat:write',
      token: 'bot',
      handle(args) {
        const channel = joinedChannel(world, args.required('channel'));
        const message = existingMessage(world, channel, args.required('ts'));
        if (message.user !== APP.userId) throw new SlackError('cant_delete_message');
        if (isStreaming(message)) throw new SlackError('streaming_state_conflict');
        messages.remove(message);
        return { channel: channel.id, ts: message.ts };
      },
    },
    'chat.postEphemeral': {
      scope: 'chat:write',
      token: 'bot',
      handle(args) {
        const channel = postingTarget(dependencies, args.required('channel'));
        const user = args.required('user');
        if (!channel.members.includes(user)) throw new SlackError('user_not_in_channel');
        const content = readContent(args, MOST_TEXT);
        if (isEmpty(content)) throw new SlackError('no_text');
        const threadTs = args.text('thread_ts');
        const ephemeral = {
          channel: channel.id,
          ts: world.nextTs(),
          threadTs: threadTs ? postedThread(world, channel, threadTs) : null,
          user: APP.userId,
          visibleTo: user,
          text: content.text ?? '',
          blocks: content.blocks ?? [],
        };
        world.ephemerals.push(ephemeral);
        changes.add('ephemeral', ephemeral);
        return { message_ts: ephemeral.ts };
      },
    },
    'chat.getPermalink': {
      scope: null,
      token: 'bot',
      handle(args) {
        const channel = visibleChannel(world, args.required('channel'));
        const message = existingMessage(world, channel, args.required('message_ts'));
        const address = `${baseUrl()}/archives/${channel.id}/p${message.ts.replace('.', '')}`;
        const thread = message.threadTs === null ? '' : `?thread_ts=${message.threadTs}&cid=${channel.id}`;
        return { channel: channel.id, permalink: address + thread };
      },
    },
  };
}
