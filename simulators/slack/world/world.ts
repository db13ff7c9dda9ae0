import { initialChannels } from './channels.ts';
import { PEOPLE } from './people.ts';
import { compareTs, createTimestamps } from './timestamps.ts';
import type { Channel, Ephemeral, Message, NativeStatus, Person, Pinned, SlackFile } from './types.ts';

/** Everything that is in the workspace now, and simple ways to find it. Changing it is the operations' work. */
export interface World {
  readonly people: readonly Person[];
  /** Ids of people whose accounts were deactivated. */
  readonly deactivated: Set<string>;
  readonly channels: Map<string, Channel>;
  /** By channel, in order of time. */
  readonly messages: Map<string, Message[]>;
  readonly ephemerals: Ephemeral[];
  readonly files: Map<string, SlackFile>;
  readonly bytes: Map<string, Buffer>;
  /** By `<channel>:<thread>`. */
  readonly statuses: Map<string, NativeStatus>;
  readonly titles: Map<string, string>;
  readonly pinned: Map<string, Pinned>;
  /** Messages that people have pinned in Slack, as `<channel>:<ts>`. */
  readonly pins: Set<string>;
  nextTs(): string;
  /** A person by id or by handle. */
  person(idOrName: string): Person | undefined;
  /** A conversation by id, or a channel by name with or without `#`. */
  channel(idOrName: string): Channel | undefined;
  message(channel: string, ts: string): Message | undefined;
  history(channel: string): readonly Message[];
  /** The parent, unless deleted without trace, and its replies, oldest first. */
  thread(channel: string, threadTs: string): readonly Message[];
}

export interface SavedWorld {
  readonly channels: readonly Channel[];
  readonly messages: readonly Message[];
  readonly files: readonly SlackFile[];
  readonly pinned: readonly Pinned[];
  readonly titles: readonly (readonly [string, string])[];
}

/**
 * @param now milliseconds since 1970
 * @param saved what a former run kept; null begins with the channels of `channels.ts`
 * @param more people and channels beside those of `people.ts` and `channels.ts`
 */
export function createWorld(
  now: () => number,
  saved: SavedWorld | null,
  more: { readonly people: readonly Person[]; readonly channels: readonly Channel[] } = { people: [], channels: [] },
): World {
  const kept = saved?.channels ?? [];
  // A channel that came with a newer simulator is there, too.
  const fresh = initialChannels().filter(({ id }) => !kept.some((channel) => channel.id === id));
  const known = [...kept, ...fresh, ...more.channels];
  const channels = new Map(known.map((channel) => [channel.id, channel]));
  const people = [...PEOPLE, ...more.people];
  const byName = new Map(people.flatMap((person) => [[person.name, person] as const, [person.id, person] as const]));
  const messages = new Map<string, Message[]>();
  const ordered = [...(saved?.messages ?? [])].sort((a, b) => compareTs(a.ts, b.ts));
  for (const message of ordered) messages.set(message.channel, [...(messages.get(message.channel) ?? []), message]);
  const history = (channel: string) => messages.get(channel) ?? [];

  return {
    people,
    deactivated: new Set(),
    channels,
    messages,
    ephemerals: [],
    files: new Map((saved?.files ?? []).map((file) => [file.id, file])),
    bytes: new Map(),
    statuses: new Map(),
    titles: new Map(saved?.titles ?? []),
    pinned: new Map((saved?.pinned ?? []).map((pinned) => [pinned.id, pinned])),
    pins: new Set(),
    nextTs: createTimestamps(now, ordered.at(-1)?.ts ?? null),
    person: (idOrName) => byName.get(idOrName),
    channel(idOrName) {
      const name = idOrName.replace(/^#/, '');
      return channels.get(idOrName) ?? [...channels.values()].find((one) => one.name === name && name !== '');
    },
    message: (channel, ts) => history(channel).find((message) => message.ts === ts),
    history,
    thread: (channel, threadTs) =>
      history(channel).filter((message) => message.ts === threadTs || message.threadTs === threadTs),
  };
}

/** What outlives a restart: no ephemeral messages, no statuses, and no file whose upload was not finished. */
export function saveWorld(world: World): SavedWorld {
  return {
    channels: [...world.channels.values()],
    messages: [...world.messages.values()].flat(),
    files: [...world.files.values()].filter((file) => file.state === 'shared' || file.state === 'completed'),
    pinned: [...world.pinned.values()],
    titles: [...world.titles],
  };
}

/** Key of what belongs to a thread; `threadTs` is that of its first message. */
export function threadKey(channel: string, threadTs: string): string {
  return `${channel}:${threadTs}`;
}
