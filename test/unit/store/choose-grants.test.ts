import type { SessionId } from '../../../contracts/ids.ts';
import { type Choice, chooseGrants, type Room, type Waiting } from '../../../store/choose-grants.ts';
import { countCpuTime } from '../../support/cpu-time.ts';

const room = (runner: string, capacity: number, working = 0, open = true): Room => ({
  runner,
  capacity,
  working,
  open,
});

let serial = 0;
function request(channel: string, options: Partial<Pick<Waiting, 'home' | 'needed'>> = {}): Waiting {
  serial += 1;
  return {
    session: `slack:T:${channel}:${serial}` as SessionId,
    turn: 1,
    channel,
    home: null,
    needed: true,
    ...options,
  };
}

/** Channels in the order in which they were served, the longest ago first. */
function choose(rooms: readonly Room[], waiting: readonly Waiting[], options: Partial<Choice> = {}) {
  const channels = [...new Set(waiting.map(({ channel }) => channel))].sort();
  return chooseGrants({
    rooms,
    waiting,
    channels: channels.map((channel, n) => ({ channel, servedAt: n, holds: 0 })),
    share: 100,
    ...options,
  });
}

const sessions = (requests: readonly { session: SessionId }[]) => requests.map(({ session }) => session);

test('channels take turns, and within a channel the first comes first', () => {
  const [a1, a2, a3, b1] = [request('A'), request('A'), request('A'), request('B')];
  expect(sessions(choose([room('r1', 3)], [a1, a2, a3, b1]))).toEqual(sessions([a1, b1, a2]));
});

test('the channel that was served longest ago comes first', () => {
  const [a, b] = [request('A'), request('B')];
  const channels = [
    { channel: 'A', servedAt: 9, holds: 0 },
    { channel: 'B', servedAt: 4, holds: 0 },
  ];
  expect(sessions(choose([room('r1', 1)], [a, b], { channels }))).toEqual(sessions([b]));
});

test('a channel that holds its share waits for those that hold less, also when it was served longer ago', () => {
  const [a, b1, b2] = [request('A'), request('B'), request('B')];
  const channels = [
    { channel: 'A', servedAt: 1, holds: 2 },
    { channel: 'B', servedAt: 9, holds: 0 },
  ];
  expect(sessions(choose([room('r1', 2)], [a, b1, b2], { channels, share: 2 }))).toEqual(sessions([b1, b2]));
});

test('a channel takes more than its share of places that nobody else wants', () => {
  const waiting = [request('A'), request('A'), request('A')];
  expect(choose([room('r1', 3)], waiting, { share: 1 })).toHaveLength(3);
});

test('a request that waits for a full home runner does not hold up others', () => {
  const [home, free] = [request('A', { home: 'full' }), request('A')];
  const rooms = [room('full', 1, 1), room('r1', 1)];
  expect(choose(rooms, [home, free])).toMatchObject([{ session: free.session, runner: 'r1' }]);
});

test('a draining runner takes only those whose files it holds', () => {
  const [home, free] = [request('A', { home: 'r1' }), request('A')];
  expect(choose([room('r1', 2, 0, false)], [free, home])).toMatchObject([{ session: home.session, runner: 'r1' }]);
});

test('turns that stand still come before those that still think', () => {
  const [thinks, stands] = [request('A', { needed: false }), request('B')];
  expect(sessions(choose([room('r1', 1)], [thinks, stands]))).toEqual(sessions([stands]));
  expect(sessions(choose([room('r1', 2)], [thinks, stands]))).toEqual(sessions([stands, thinks]));
});

test('sessions without files go to the emptiest runner', () => {
  const waiting = [request('A'), request('A'), request('A')];
  const runners = choose([room('r1', 2), room('r2', 10, 7)], waiting).map(({ runner }) => runner);
  expect(runners.sort()).toEqual(['r1', 'r2', 'r2']);
});

test('two thousand that wait in a hundred channels are decided within a few milliseconds a place', () => {
  const waiting = Array.from({ length: 2_000 }, (_, n) => request(`C${n % 100}`));
  const spentMs = countCpuTime();
  expect(choose([room('r1', 200)], waiting)).toHaveLength(200);
  expect(spentMs()).toBeLessThan(600);
});
