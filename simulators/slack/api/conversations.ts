import { channelObject } from '../shapes/channel.ts';
import { compareTs } from '../world/timestamps.ts';
import type { Channel, Message } from '../world/types.ts';
import { APP } from '../world/workspace.ts';
import type { Arguments } from './arguments.ts';
import { SlackError } from './errors.ts';
import type { MethodDependencies, Methods } from './method.ts';
import { page } from './paging.ts';
import { existingThread, joinedChannel, visibleChannel } from './targets.ts';

/** What the scopes of each kind of conversation begin with. */
const SCOPES = { public: 'channels', private: 'groups', mpim: 'mpim', im: 'im' } as const;

const TYPES = { public_channel: 'public', private_channel: 'private', mpim: 'mpim', im: 'im' } as const;

/** docs.slack.dev/reference/methods?family=conversations */
export function conversationMethods(dependencies: MethodDependencies): Methods {
  const { world, conversations, messageShapes } = dependencies;

  const shown = (messages: readonly Message[], args: Arguments) =>
    messages.map((one) => messageShapes.messageObject(one, { metadata: args.flag('include_all_metadata') ?? false }));

  const kindsIn = (args: Arguments) =>
    (args.text('types') ?? 'public_channel').split(',').map((type) => {
      const kind = Object.entries(TYPES).find(([name]) => name === type.trim())?.[1];
      if (kind === undefined) throw new SlackError('invalid_types');
      return kind;
    });
  /** Which scope a method needs follows from what the conversation is (docs.slack.dev, each method's page). */
  const scopeOf = (right: 'read' | 'history') => (args: Arguments) => [
    `${SCOPES[world.channels.get(args.text('channel') ?? '')?.kind ?? 'public']}:${right}`,
  ];
  const readScopes = (args: Arguments) => kindsIn(args).map((kind) => `${SCOPES[kind]}:read`);

  return {
    'users.conversations': {
      scope: readScopes,
      token: 'bot',
      handle(args) {
        const kinds = kindsIn(args);
        const user = args.text('user') ?? APP.userId;
        const listed = [...world.channels.values()].filter(
          (channel) =>
            kinds.includes(channel.kind) &&
            channel.members.includes(user) &&
            (channel.kind === 'public' || channel.members.includes(APP.userId)) &&
            !(channel.isArchived && args.flag('exclude_archived')),
        );
        const { items, nextCursor } = page(listed, args, { usual: 100, most: 999 }, (channel) => channel.id);
        return { channels: items.map(channelObject), response_metadata: { next_cursor: nextCursor } };
      },
    },
    'pins.list': {
      scope: 'pins:read',
      token: 'bot',
      handle(args) {
        const channel = joinedChannel(world, args.required('channel'));
        const pinned = world
          .history(channel.id)
          .filter((message) => world.pins.has(`${channel.id}:${message.ts}`) && !message.deleted)
          .toReversed();
        const items = shown(pinned, args).map((message) => ({
          type: 'message',
          created: 1_767_225_600,
          channel: channel.id,
          message,
        }));
        return { items };
      },
    },
    'conversations.list': {
      scope: readScopes,
      token: 'bot',
      handle(args) {
        const kinds = kindsIn(args);
        const listed = [...world.channels.values()].filter(
          (channel) =>
            kinds.includes(channel.kind) &&
            (channel.kind === 'public' || channel.members.includes(APP.userId)) &&
            !(channel.isArchived && args.flag('exclude_archived')),
        );
        const { items, nextCursor } = page(listed, args, { usual: 100, most: 1000 }, (channel) => channel.id);
        return { channels: items.map(channelObject), response_metadata: { next_cursor: nextCursor } };
      },
    },
    'conversations.info': {
      scope: scopeOf('read'),
      token: 'bot',
      handle: (args) => ({ channel: channelObject(visibleChannel(world, args.required('channel'))) }),
    },
    'conversations.members': {
      scope: scopeOf('read'),
      token: 'bot',
      handle(args) {
        const channel = visibleChannel(world, args.required('channel'));
        const { items, nextCursor } = page(channel.members, args, { usual: 100, most: 1000 }, (member) => member);
        return { members: items, response_metadata: { next_cursor: nextCursor } };
      },
    },
    'conversations.history': {
      scope: scopeOf('history'),
      token: 'bot',
      handle(args) {
        const channel = joinedChannel(world, args.required('channel'));
        const inChannel = world
          .history(channel.id)
          .filter((message) => (message.threadTs === null || message.broadcast) && inWindow(message, args))
          .toReversed();
        const { items, nextCursor } = page(inChannel, args, { usual: 100, most: 999 }, (message) => message.ts);
        return listing(shown(items, args), nextCursor);
      },
    },
    'conversations.replies': {
      scope: scopeOf('history'),
      token: 'bot',
      handle(args) {
        const channel = joinedChannel(world, args.required('channel'));
        const threadTs = existingThread(world, channel, args.required('ts'));
        const thread = world
          .thread(channel.id, threadTs)
          // The parent is always there, whatever the window.
          .filter((message) => message.ts === threadTs || inWindow(message, args));
        const { items, nextCursor } = page(thread, args, { usual: 1000, most: 1000 }, (message) => message.ts);
        return listing(shown(items, args), nextCursor);
      },
    },
    'conversations.open': {
      scope: 'im:write',
      token: 'bot',
      handle(args) {
        const given = args.text('channel');
        if (given) return opened(visibleChannel(world, given), true, args);
        const users = args.required('users').split(',');
        for (const user of users) if (!world.person(user)) throw new SlackError('user_not_found');
        const [only] = users;
        const { channel, created } =
          users.length === 1 && only !== undefined ? conversations.openDm(only) : conversations.openGroup(users);
        return opened(channel, !created, args);
      },
    },
  };
}

function opened(channel: Channel, already: boolean, args: Arguments): Record<string, unknown> {
  const shape = args.flag('return_im') ? channelObject(channel) : { id: channel.id };
  return { channel: shape, ...(already ? { no_op: true, already_open: true } : {}) };
}

function listing(messages: unknown[], nextCursor: string): Record<string, unknown> {
  const more = nextCursor !== '';
  return { messages, has_more: more, ...(more ? { response_metadata: { next_cursor: nextCursor } } : {}) };
}

/** `oldest` and `latest` leave out the message at the border unless `inclusive`. */
function inWindow(message: Message, args: Arguments): boolean {
  const inclusive = args.flag('inclusive') ?? false;
  const [oldest, latest] = [border(args.text('oldest')), border(args.text('latest'))];
  if (oldest !== null) {
    const order = compareTs(message.ts, oldest);
    if (order < 0 || (order === 0 && !inclusive)) return false;
  }
  if (latest !== null) {
    const order = compareTs(message.ts, latest);
    if (order > 0 || (order === 0 && !inclusive)) return false;
  }
  return true;
}

/** Slack takes whole and broken seconds; nothing or `0` is no border. */
function border(value: string | undefined): string | null {
  const match = /^(\d+)(?:\.(\d{1,6}))?$/.exec(value ?? '');
  if (match === null || Number(value) === 0) return null;
  return `${match[1]}.${(match[2] ?? '').padEnd(6, '0')}`;
}
