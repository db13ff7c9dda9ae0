/**
 * The simulated workspace and the app in it; `people.ts` and `channels.ts` say who and what else is there before anybody
 * has written anything. Tests and scenarios may rely on these names and ids.
 */

export const TEAM = { id: 'T000000ACME', name: 'Acme', domain: 'acme' } as const;
/** The other organization, partner in the shared channel. */
export const OTHER_TEAM = { id: 'T0000GLOBEX', name: 'Globex', domain: 'globex' } as const;

export const APP = {
  id: 'A000BELLHOP',
  name: 'bellhop',
  botId: 'B000BELLHOP',
  userId: 'U000BELLHOP',
  /** Scopes the bot token carries; a method that needs another answers `missing_scope`. */
  scopes: [
    'app_mentions:read',
    'channels:history',
    'channels:read',
    'groups:history',
    'groups:read',
    'im:history',
    'im:read',
    'im:write',
    'mpim:history',
    'mpim:read',
    'mpim:write',
    'chat:write',
    'pins:read',
    'reactions:read',
    'reactions:write',
    'files:read',
    'files:write',
    'users:read',
    'users:read.email',
    'team:read',
    'commands',
    'assistant:write',
  ],
  /** Events the app subscribed to; no others are sent. */
  events: [
    'app_mention',
    'message.channels',
    'message.groups',
    'message.im',
    'message.mpim',
    'app_home_opened',
    'reaction_added',
    'member_joined_channel',
    'member_left_channel',
    'channel_archive',
    'user_change',
  ],
} as const;
