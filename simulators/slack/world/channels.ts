import type { Channel } from './types.ts';
import { APP } from './workspace.ts';

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
      members: [...STAFF, 'U0DEPLOYBOT', APP.userId],
    },
    {
      ...channel,
      id: 'C000GENERAL',
      name: 'general',
      topic: 'Company-wide announcements',
      isGeneral: true,
      members: [...STAFF, 'U0DEPLOYBOT', APP.userId],
    },
    {
      ...channel,
      id: 'C0000MYCODE',
      name: 'my-code',
      topic: 'Your own branches and pull requests',
      members: [...STAFF, APP.userId],
    },
    {
      ...channel,
      id: 'C00PARTNERS',
      name: 'partners',
      topic: 'With guests of ours',
      members: [...STAFF, 'U0000000GIA', 'U0000000SOL', APP.userId],
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
