import { channelObject } from '../shapes/channel.ts';
import { userObject } from '../shapes/person.ts';
import { APP, TEAM } from '../world/workspace.ts';
import { SlackError } from './errors.ts';
import type { MethodDependencies, Methods } from './method.ts';
import { page } from './paging.ts';

/** What `types` calls each kind. */
const KINDS = { public: 'public_channel', private: 'private_channel', im: 'im', mpim: 'mpim' } as const;

/** Users, bots, the team and the app itself. */
export function peopleMethods({ world, baseUrl }: MethodDependencies): Methods {
  return {
    'auth.test': {
      scope: null,
      token: 'bot',
      handle: () => ({
        url: `${baseUrl()}/`,
        team: TEAM.name,
        user: APP.name,
        team_id: TEAM.id,
        user_id: APP.userId,
        bot_id: APP.botId,
        is_enterprise_install: false,
      }),
    },
    'users.info': {
      scope: 'users:read',
      token: 'bot',
      handle(args) {
        const id = args.required('user');
        const person = world.people.find((one) => one.id === id);
        if (person === undefined) throw new SlackError('user_not_found');
        return { user: userObject(person, world.deactivated.has(person.id)) };
      },
    },
    'users.list': {
      scope: 'users:read',
      token: 'bot',
      handle(args) {
        const { items, nextCursor } = page(world.people, args, { usual: 200, most: 1000 }, (person) => person.id);
        const members = items.map((each) => userObject(each, world.deactivated.has(each.id)));
        return { members, cache_ts: 1_767_225_600, response_metadata: { next_cursor: nextCursor } };
      },
    },
    'users.conversations': {
      scope: 'channels:read',
      token: 'bot',
      handle(args) {
        const user = args.text('user') ?? APP.userId;
        if (!world.people.some(({ id }) => id === user) && user !== APP.userId) throw new SlackError('user_not_found');
        const kinds = (args.text('types') ?? 'public_channel').split(',').map((type) => type.trim());
        // Of what is not public, only where the app is as well.
        const shared = [...world.channels.values()].filter(
          (channel) =>
            channel.members.includes(user) &&
            kinds.includes(KINDS[channel.kind]) &&
            (channel.kind === 'public' || channel.members.includes(APP.userId)) &&
            !(channel.isArchived && args.flag('exclude_archived')),
        );
        const { items, nextCursor } = page(shared, args, { usual: 100, most: 999 }, (channel) => channel.id);
        return { channels: items.map(channelObject), response_metadata: { next_cursor: nextCursor } };
      },
    },
    'bots.info': {
      scope: 'users:read',
      token: 'bot',
      handle(args) {
        const person = world.people.find((one) => one.bot?.botId === args.required('bot'));
        if (!person?.bot) throw new SlackError('bot_not_found');
        const { botId, appId } = person.bot;
        return { bot: { id: botId, app_id: appId, user_id: person.id, name: person.name, deleted: false, icons: {} } };
      },
    },
    'team.info': {
      scope: 'team:read',
      token: 'bot',
      handle: () => ({ team: { ...TEAM, url: `${baseUrl()}/`, email_domain: 'acme.test', is_verified: false } }),
    },
  };
}
