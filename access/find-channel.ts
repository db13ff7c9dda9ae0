import { didYouMean } from './near-names.ts';

/** A channel as Slack last reported it. */
export interface KnownChannel {
  readonly team: string;
  readonly id: string;
  /** Without `#`. */
  readonly name: string;
  readonly seenAt: Date;
}

export type FoundChannel =
  | { readonly channel: Omit<KnownChannel, 'seenAt'> }
  | {
      /** A message for the person who named the channel. */
      readonly problem: string;
    };

/** Finds a channel by its name, with or without `#`, or by its id. `team` narrows it to one workspace. */
export function findKnownChannel(text: string, channels: readonly KnownChannel[], team: string | null): FoundChannel {
  return channelFinder(channels, team)(text);
}

/** The same for many channels. */
export function channelFinder(channels: readonly KnownChannel[], team: string | null): (text: string) => FoundChannel {
  const within = channels.filter((each) => team === null || each.team === team);
  const byName = Map.groupBy(within, ({ name }) => name);
  const byId = Map.groupBy(within, ({ id }) => id);
  return (text) => {
    const isId = isChannelId(text);
    const fitting = (isId ? byId.get(text) : byName.get(text.replace(/^#/, ''))) ?? [];
    return chosen(text, fitting, within, team);
  };
}

function chosen(
  text: string,
  fitting: readonly KnownChannel[],
  within: readonly KnownChannel[],
  team: string | null,
): FoundChannel {
  const isId = isChannelId(text);
  const teams = new Set(fitting.map((each) => each.team));
  if (teams.size > 1) return { problem: `several workspaces have a channel ${text}: write the channel's id instead` };
  // A channel can be renamed and its name given to another one. Old rows keep the old name, so the newest row wins.
  const [found] = fitting.toSorted((a, b) => b.seenAt.getTime() - a.seenAt.getTime());
  if (found) return { channel: found };
  if (isId && team !== null) return { channel: { team, id: text, name: text } };
  if (within.length === 0) {
    return { problem: `${text} cannot be looked up: no channel is known before Bellhop is connected to Slack` };
  }
  const known = within.map((each) => `#${each.name}`);
  return {
    problem: `there is no channel ${text} that Bellhop can see${didYouMean(isId ? text : `#${text.replace(/^#/, '')}`, known)}`,
  };
}

/** Slack's channel ids are capitals and digits. Channel names have no capitals, so the two never look alike. */
export function isChannelId(text: string): boolean {
  return /^[CG][A-Z0-9]+$/.test(text);
}

/** Whether a problem of an access file may be over once Slack has told which channels there are. @param words as the file's problems are told */
export function waitsForChannels(words: string): boolean {
  return /there is no channel |no channel is known before |workspace by its id; none is known yet/.test(words);
}
