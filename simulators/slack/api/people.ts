import { userObject } from '../shapes/person.ts';
import { APP, TEAM } from '../world/workspace.ts';
import { SlackError } from './errors.ts';
import type { MethodDependencies, Methods } from './method.ts';
import { page } from './paging.ts';

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
