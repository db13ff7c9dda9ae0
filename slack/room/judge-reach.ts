import type { ChannelKind } from '../../store/channels.ts';

/** Who is in a place, as far as it decides what leaves it and what comes in. What is not known counts as the worse. */
export interface PlaceFacts {
  readonly kind: ChannelKind;
  /** Shared with another organization, or about to be. */
  readonly shared: boolean;
  /** Somebody in it is no full member of the workspace. */
  readonly hasGuests: boolean;
}

/** Another channel than the one somebody asks in. */
export interface Target extends PlaceFacts {
  /** `#general` */
  readonly label: string;
  readonly appIsMember: boolean;
  /** Whether the person who asks is in it. Asked for private channels only. */
  readonly personIsMember: boolean;
  readonly isArchived: boolean;
  /** The access file does not let the agent work there. */
  readonly isOff: boolean;
}

/** What a tool does beyond the place it is used in. */
export type Doing = 'read' | 'search' | 'look-up' | 'post';

/** `ask`: the person must approve it first. */
export type Reach = { readonly ok: true; readonly ask: boolean } | { readonly ok: false; readonly why: string };

const yes: Reach = { ok: true, ask: false };
const no = (why: string): Reach => ({ ok: false, why });

/** The same for a channel that does not exist and for one whose existence is not told. */
export const NO_SUCH_CHANNEL =
  'There is no such channel that I can use from here. find_channels finds public channels by name.';

/** Whether anything beyond a place is reached from it at all: other channels, search, and looking up people and channels. */
export function judgeFrom(doing: Doing, from: PlaceFacts): Reach {
  const what = {
    read: 'read other channels',
    search: 'search',
    'look-up': 'look up people or channels',
    post: 'post elsewhere',
  }[doing];
  if (from.shared) return no(`This channel is shared with another organization, so I do not ${what} from here.`);
  if (from.hasGuests) return no(`There are guests in this channel, so I do not ${what} from here.`);
  if (doing === 'post' && (from.kind === 'private' || from.kind === 'mpim')) {
    return no(
      'Nothing is posted out of a private conversation. The person can say it there, or ask me in a public channel.',
    );
  }
  return doing === 'post' && from.kind === 'im' ? { ok: true, ask: true } : yes;
}

/** Whether one place reaches another one. docs/reading-slack.md has the same as a table, and each of its cells is a test. */
export function judgeReach(doing: 'read' | 'post', from: PlaceFacts, to: Target): Reach {
  const base = judgeFrom(doing, from);
  if (!base.ok) return base;
  if (to.kind === 'im' || to.kind === 'mpim') return no(NO_SUCH_CHANNEL);
  if (to.kind === 'private') {
    const isOwn = doing === 'read' && from.kind === 'im' && to.personIsMember && to.appIsMember;
    if (!isOwn) return no(NO_SUCH_CHANNEL);
  }
  if (to.shared) return no(`${to.label} is shared with another organization; I use it from inside only.`);
  if (to.isOff) return no(`I am switched off in ${to.label}. An administrator can change that.`);
  if (!to.appIsMember) return no(`I am not in ${to.label}. Somebody there can invite me.`);
  if (doing === 'post' && to.hasGuests)
    return no(`There are guests in ${to.label}, so I do not post there from elsewhere.`);
  if (doing === 'post' && to.isArchived) return no(`${to.label} is archived.`);
  return base;
}
