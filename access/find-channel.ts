import { didYouMean } from './near-names.ts';

/** A channel as Slack's directory was last seen to have it. */
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
      /** What to tell whoever named it. */
      readonly problem: string;
    };

/** Finds a channel by its name, with or without `#`, or by its id. `team` narrows it to one workspace. */
export function findKnownChannel(text: string, channels: readonly KnownChannel[], team: string | null): FoundChannel {
  const within = channels.filter((each) => team === null || each.team === team);
  const isId = isChannelId(text);
  const name = text.replace(/^#/, '');
  const fitting = within.filter((each) => (isId ? each.id === text : each.name === name));
  const teams = new Set(fitting.map((each) => each.team));
  if (teams.size > 1) return { problem: `several workspaces have a channel ${text}: say which by workspace: id` };
  // A name that was given away lives on in old rows: whoever was seen with it last has it.
  const [found] = fitting.toSorted((a, b) => b.seenAt.getTime() - a.seenAt.getTime());
  if (found) return { channel: found };
  if (isId && team !== null) return { channel: { team, id: text, name: text } };
  if (within.length === 0) {
    return { problem: `${text} cannot be looked up: no channel is known before Bellhop is connected to Slack` };
  }
  const known = within.map((each) => `#${each.name}`);
  return { problem: `there is no channel ${text} that Bellhop can see${didYouMean(isId ? text : `#${name}`, known)}` };
}

/** Slack's ids are capitals and digits; its channel names have no capitals. */
export function isChannelId(text: string): boolean {
  return /^[CG][A-Z0-9]+$/.test(text);
}
