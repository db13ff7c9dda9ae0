import type { startTestSlack } from '../../test/support/slack-simulator.ts';

type Crowd = NonNullable<NonNullable<Parameters<typeof startTestSlack>[0]>['more']>;

/** Slack's id and the name of the nth person of a crowd. */
export const person = (n: number): string => `crowd${n}`;
/** The name of the nth channel of a crowd. */
export const channel = (n: number): string => `load-${n}`;
/** The id of the nth channel of a crowd. */
export const channelId = (n: number): string => `C0LOAD${String(n).padStart(5, '0')}`;

const APP_USER = 'U000BELLHOP';

/** Members nobody has seen before, all of them in every one of some new channels, and the app too. */
export function crowdOf(people: number, channels: number): Crowd {
  const members = Array.from({ length: people }, (_, n) => `U0CROWD${String(n).padStart(5, '0')}`);
  return {
    people: members.map((id, n) => ({
      id,
      name: person(n),
      realName: `Person ${n}`,
      title: '',
      kind: 'member',
      teamId: 'T000000ACME',
      tz: 'Etc/UTC',
      email: null,
      bot: null,
    })),
    channels: Array.from({ length: channels }, (_, n) => ({
      id: channelId(n),
      name: channel(n),
      kind: 'public',
      topic: '',
      isGeneral: false,
      isArchived: false,
      isExtShared: false,
      created: 1_767_225_600,
      members: [...members, 'U0000000ADA', APP_USER],
    })),
  };
}
