import { blockId } from '../world/ids.ts';
import type { Channel, Message } from '../world/types.ts';
import { APP } from '../world/workspace.ts';
import type { Arguments } from './arguments.ts';
import { MOST_MARKDOWN_TEXT, readBlocks, readMetadata } from './content.ts';
import { SlackError } from './errors.ts';
import type { MethodDependencies, Methods } from './method.ts';
import { existingMessage, existingThread, joinedChannel, postingTarget } from './targets.ts';

/** Whether the message is being streamed. Slack takes no edit of it meanwhile. */
export function isStreaming({ streamedUntil }: Message): boolean {
  return streamedUntil !== undefined && Date.now() < streamedUntil;
}

/** docs.slack.dev/reference/methods/chat.startStream, chat.appendStream and chat.stopStream */
export function streamMethods(
  dependencies: MethodDependencies,
  { streamLifeMs }: { readonly streamLifeMs: number },
): Methods {
  const { world, messages, messageShapes } = dependencies;
  const streamed = (args: Arguments): { readonly channel: Channel; readonly message: Message } => {
    const channel = joinedChannel(world, args.required('channel'));
    const message = existingMessage(world, channel, args.required('ts'));
    if (message.user !== APP.userId) throw new SlackError('message_not_owned_by_app');
    if (!isStreaming(message)) throw new SlackError('message_not_in_streaming_state');
    return { channel, message };
  };
  const add = (message: Message, piece: string, more: Parameters<typeof messages.edit>[2]): void => {
    const text = message.text + piece;
    const shown = text === '' ? [] : [{ type: 'markdown', block_id: blockId(), text }];
    messages.edit(message, APP.userId, { ...more, text, blocks: [...shown, ...(more.blocks ?? [])] });
  };
  return {
    'chat.startStream': {
      scope: 'chat:write',
      token: 'bot',
      handle(args) {
        const channel = postingTarget(dependencies, args.required('channel'));
        const threadTs = existingThread(world, channel, args.required('thread_ts'));
        if (channel.kind !== 'im') {
          if (args.text('recipient_user_id') === undefined) throw new SlackError('missing_recipient_user_id');
          if (args.text('recipient_team_id') === undefined) throw new SlackError('missing_recipient_team_id');
        }
        const text = pieceOf(args) ?? '';
        const blocks = text === '' ? [] : [{ type: 'markdown', block_id: blockId(), text }];
        const message = messages.post({ channel: channel.id, user: APP.userId, text, blocks, threadTs });
        message.streamedUntil = Date.now() + streamLifeMs;
        return { channel: channel.id, ts: message.ts };
      },
    },
    'chat.appendStream': {
      scope: 'chat:write',
      token: 'bot',
      handle(args) {
        const { channel, message } = streamed(args);
        const piece = pieceOf(args);
        if (piece === undefined) throw new SlackError('no_text');
        add(message, piece, { marked: false });
        return { channel: channel.id, ts: message.ts };
      },
    },
    'chat.stopStream': {
      scope: 'chat:write',
      token: 'bot',
      handle(args) {
        const { channel, message } = streamed(args);
        const blocks = readBlocks(args.json('blocks'));
        const metadata = readMetadata(args);
        delete message.streamedUntil;
        add(message, pieceOf(args) ?? '', {
          marked: false,
          ...(blocks === undefined ? {} : { blocks }),
          ...(metadata === undefined ? {} : { metadata }),
        });
        return {
          channel: channel.id,
          ts: message.ts,
          message: messageShapes.messageObject(message, { metadata: true }),
        };
      },
    },
  };
}

function pieceOf(args: Arguments): string | undefined {
  const text = args.text('markdown_text');
  if (text !== undefined && text.length > MOST_MARKDOWN_TEXT) throw new SlackError('msg_too_long');
  return text;
}
