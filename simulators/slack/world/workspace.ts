/**
 * Who and what is in the simulated workspace before anybody has written anything. All of it is here, in one place;
 * tests and scenarios may rely on these names and ids.
 */
import type { Channel, Person } from './types.ts';

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
  ],
} as const;

const member = { kind: 'member', teamId: TEAM.id, bot: null } as const;

export const PEOPLE: readonly Person[] = [
  {
    ...member,
    id: 'U0000000ADA',
    name: 'ada',
    realName: 'Ada Byron',
    title: 'Platform engineer',
    kind: 'admin',
    tz: 'Europe/London',
    email: 'ada@acme.test',
  },
  {
    ...member,
    id: 'U00000GRACE',
    name: 'grace',
    realName: 'Grace Murray',
    title: 'Head of data',
    tz: 'America/New_York',
    email: 'grace@acme.test',
  },
  {
    ...member,
    id: 'U00000LINUS',
    name: 'linus',
    realName: 'Linus Berg',
    title: 'Site reliability',
    tz: 'Europe/Helsinki',
    email: 'linus@acme.test',
  },
  {
    ...member,
    id: 'U0000EDSGER',
    name: 'edsger',
    realName: 'Edsger Smit',
    title: 'Product',
    tz: 'Europe/Amsterdam',
    email: 'edsger@acme.test',
  },
  {
    ...member,
    id: 'U0000000GIA',
    name: 'gia',
    realName: 'Gia Rossi',
    title: 'Contractor',
    kind: 'guest',
    tz: 'Europe/Rome',
    email: 'gia@contractor.test',
  },
  {
    ...member,
    id: 'U0000000SOL',
    name: 'sol',
    realName: 'Sol Reyes',
    title: 'Auditor',
    kind: 'single-channel-guest',
    tz: 'Europe/Madrid',
    email: 'sol@auditor.test',
  },
  {
    ...member,
    id: 'U0000000HAL',
    name: 'hal',
    realName: 'Hal Porter',
    title: 'Globex account manager',
    kind: 'stranger',
    teamId: OTHER_TEAM.id,
    tz: 'America/Chicago',
    email: null,
  },
  {
    ...member,
    id: 'U0DEPLOYBOT',
    name: 'deploybot',
    realName: 'deploybot',
    title: '',
    kind: 'bot',
    tz: 'Etc/UTC',
    email: null,
    bot: { botId: 'B0DEPLOYBOT', appId: 'A0DEPLOYBOT' },
  },
  {
    ...member,
    id: APP.userId,
    name: APP.name,
    realName: 'Bellhop',
    title: '',
    kind: 'bot',
    tz: 'Etc/UTC',
    email: null,
    bot: { botId: APP.botId, appId: APP.id },
  },
  // Slack's own helper; the Web API famously does not mark it as a bot.
  {
    ...member,
    id: 'USLACKBOT',
    name: 'slackbot',
    realName: 'Slackbot',
    title: '',
    kind: 'slackbot',
    tz: 'Etc/UTC',
    email: null,
  },
];

const STAFF = ['U0000000ADA', 'U00000GRACE', 'U00000LINUS', 'U0000EDSGER'];
const CREATED = 1_767_225_600;

const channel = {
  kind: 'public',
  topic: '',
  isGeneral: false,
  isArchived: false,
  isExtShared: false,
  created: CREATED,
} as const;

/** Direct messages are not listed: each is opened when somebody first uses it. */
export function initialChannels(): Channel[] {
  return [
    {
      ...channel,
      id: 'C00PLATFORM',
      name: 'platform-eng',
      topic: 'Builds, data and on-call',
      members: [...STAFF, 'U0000000GIA', 'U0DEPLOYBOT', APP.userId],
    },
    {
      ...channel,
      id: 'C000GENERAL',
      name: 'general',
      topic: 'Company-wide announcements',
      isGeneral: true,
      members: [...STAFF, 'U0000000GIA', 'U0000000SOL', 'U0DEPLOYBOT', APP.userId],
    },
    { ...channel, id: 'C0000RANDOM', name: 'random', topic: 'Anything else', members: [...STAFF] },
    {
      ...channel,
      id: 'C0000SHARED',
      name: 'acme-globex',
      topic: 'Shared with Globex',
      isExtShared: true,
      members: [...STAFF, 'U0000000HAL', APP.userId],
    },
    {
      ...channel,
      id: 'C0000SECOPS',
      name: 'secops',
      kind: 'private',
      topic: 'Incidents',
      members: ['U0000000ADA', 'U00000LINUS', APP.userId],
    },
    { ...channel, id: 'C00000BOARD', name: 'board', kind: 'private', members: ['U00000GRACE', 'U0000EDSGER'] },
    { ...channel, id: 'C00000ATTIC', name: 'attic', isArchived: true, members: [...STAFF, APP.userId] },
    {
      ...channel,
      id: 'C000000MPIM',
      name: 'mpdm-ada--grace--bellhop-1',
      kind: 'mpim',
      members: ['U0000000ADA', 'U00000GRACE', APP.userId],
    },
  ];
}
