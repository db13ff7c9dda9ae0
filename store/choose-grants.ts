import type { SessionId } from '../contracts/ids.ts';

/** A runner and its places. */
export interface Room {
  readonly runner: string;
  readonly capacity: number;
  /** Places that are taken. */
  readonly working: number;
  /** Whether it takes sessions without files on another runner. A draining runner does not. */
  readonly open: boolean;
}

export interface Waiting {
  readonly session: SessionId;
  readonly turn: number;
  readonly channel: string;
  /** The runner that holds the session's files; null when any open one will do. */
  readonly home: string | null;
  /** The turn stands still until it has the place. */
  readonly needed: boolean;
}

export interface WaitingChannel {
  readonly channel: string;
  /** When it was last given a place, in milliseconds since 1970; 0 for never. */
  readonly servedAt: number;
  /** Places it holds now. */
  readonly holds: number;
}

export interface Grant {
  readonly session: SessionId;
  readonly turn: number;
  readonly channel: string;
  readonly runner: string;
}

export interface Choice {
  readonly rooms: readonly Room[];
  readonly channels: readonly WaitingChannel[];
  /** First come, first served within each channel. */
  readonly waiting: readonly Waiting[];
  /** Places of one channel up to which it comes before others that hold more. */
  readonly share: number;
}

/**
 * Decides who gets the places that are free. The rules, the strongest first:
 *
 * 1. Turns that cannot continue without a sandbox come before turns that may never need one.
 * 2. A channel that holds its share comes after the channels that hold less.
 * 3. Channels take turns: the one that was served longest ago comes first.
 * 4. Within a channel, first come, first served. A request that waits for a full home runner does not hold up others.
 *
 * No place stays free while a waiting turn could use it.
 *
 * @example
 *   // Two places, one channel with two requests and one with one: each channel gets a place.
 *   chooseGrants({ rooms: [{ runner: 'r1', capacity: 2, working: 0, open: true }], channels, waiting, share: 1 })
 */
export function chooseGrants({ rooms, channels, waiting, share }: Choice): Grant[] {
  const free = new Map(rooms.map(({ runner, capacity, working }) => [runner, capacity - working]));
  const open = new Set(rooms.filter((room) => room.open).map(({ runner }) => runner));
  const standings = new Map(channels.map((each) => [each.channel, { ...each }]));
  const grants: Grant[] = [];
  let clock = Math.max(0, ...channels.map(({ servedAt }) => servedAt));

  const emptiest = (): string | null => {
    let best: string | null = null;
    for (const [runner, places] of free) {
      if (open.has(runner) && places > 0 && places > (best === null ? 0 : (free.get(best) ?? 0))) best = runner;
    }
    return best;
  };
  const runnerFor = ({ home }: Waiting): string | null => {
    if (home === null) return emptiest();
    return (free.get(home) ?? 0) > 0 ? home : null;
  };

  for (const needed of [true, false]) {
    const left = new Set(waiting.filter((each) => each.needed === needed));
    for (;;) {
      const next = firstInOrder(left, standings, share, (each) => runnerFor(each) !== null);
      const runner = next && runnerFor(next.request);
      if (!next || !runner) break;
      const { request, standing } = next;
      left.delete(request);
      free.set(runner, (free.get(runner) ?? 0) - 1);
      standing.holds += 1;
      clock += 1;
      standing.servedAt = clock;
      grants.push({ session: request.session, turn: request.turn, channel: request.channel, runner });
    }
  }
  return grants;
}

type Standing = { -readonly [Key in keyof WaitingChannel]: WaitingChannel[Key] };

interface Next {
  readonly request: Waiting;
  readonly standing: Standing;
}

/** The first request that fits, of the channel whose turn it is. */
function firstInOrder(
  waiting: Iterable<Waiting>,
  standings: ReadonlyMap<string, Standing>,
  share: number,
  fits: (request: Waiting) => boolean,
): Next | null {
  let best: Next | null = null;
  for (const request of waiting) {
    const standing = standings.get(request.channel);
    if (!standing || (best && !comesBefore(standing, best.standing, share))) continue;
    if (fits(request)) best = { request, standing };
  }
  return best;
}

function comesBefore(a: Standing, b: Standing, share: number): boolean {
  const over = Number(a.holds >= share) - Number(b.holds >= share);
  return over !== 0 ? over < 0 : a.servedAt < b.servedAt;
}
