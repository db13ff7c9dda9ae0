import { visibleText } from '../../contracts/visible-text.ts';
import type { InboxFile } from '../../store/inbox.ts';
import type { Refusal } from '../people/who-may-speak.ts';

/** What somebody is told who may not speak, or where. */
export const REFUSALS: Readonly<Record<Refusal, string>> = {
  guest: 'I only work for members of this workspace. Guests cannot give me work; a member can ask me for you.',
  external: 'I only work for members of this workspace, not for people of other organizations.',
  bot: 'I only work for people, not for other bots.',
  'unknown-person': 'Slack could not tell me who you are, so I do not act on this.',
  'shared-channel':
    'This channel is shared with another organization, so I do not work here. Please ask me in a channel of your own. An administrator can change that with `shared-channels: channel-only` for this channel in bellhop.yaml: then I work here with what is attached to this very channel.',
  guests:
    'Guests are in this channel, so I do not work here: everybody in it would see what I find. Please ask me in a channel without guests. An administrator can change that with `guests: channel-only` for this channel in bellhop.yaml: then I work here with what is attached to this very channel.',
  'unknown-channel': 'Slack could not tell me what kind of channel this is, so I do not work here.',
  'group-messages':
    'I do not work in group messages. Please ask me in a channel, or in a direct message of your own. An administrator can change that with `group-messages: workspace` in bellhop.yaml.',
  'direct-messages':
    'I do not work in direct messages here. Please ask me in a channel that I am in. An administrator can change that with `direct-messages: on` in bellhop.yaml.',
  disabled:
    'I am switched off here. An administrator can change that in bellhop.yaml, or with `./bellhop channels confirm` where the name of this channel matches a pattern there.',
};

/** Said to who has written a token. */
export const TOKEN_SEEN =
  'Your message holds what looks like a token. I have not kept it, and the model does not see it. But it stays readable in Slack: delete the message (⋮ beside it, then "Delete message"), and make a new token where you made this one. To let me work with an account of yours, write `connections` to me in a direct message.';

export const LATE_NOTICE =
  'I have your message but cannot start on it right now. It is kept, and the work starts by itself as soon as I can.';

/** The key of {@link LATE_NOTICE} in the outbox. */
export function lateNoticeKey({ id }: { readonly id: string }): string {
  return `${id}/late`;
}

export const LATE_STOP =
  'Your stop reached me after what was said behind it, so I go on with that. Say stop once more to end it.';

export const NOTHING_TO_STOP = 'Nothing is running in this thread.';

/** Said where a stop ends no work, but what waited for it. */
export const NOTHING_BEGINS = 'Nothing is running in this thread, and what waited here is not begun.';

const MOST_NAMED = 10;

/** Says which files of a message were not taken, and why. Null when all were. */
export function notTakenText(files: readonly Pick<InboxFile, 'name' | 'problem'>[]): string | null {
  const left = files.flatMap(({ name, problem }) =>
    problem ? [`• ${visibleText(name).slice(0, 100)}: ${problem}`] : [],
  );
  if (left.length === 0) return null;
  const more = left.length > MOST_NAMED ? [`• and ${left.length - MOST_NAMED} more`] : [];
  const which = left.length === 1 ? 'One file of your message is' : `${left.length} files of your message are`;
  return [`${which} not with me, and I work without:`, ...left.slice(0, MOST_NAMED), ...more].join('\n');
}
