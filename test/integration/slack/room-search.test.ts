import { APP } from '../../../simulators/slack/world/workspace.ts';
import { RateLimited } from '../../../slack/api/errors.ts';
import type { RoomStage } from './support/room-stage.ts';
import { freshRoom, linesOf, startWideRoom } from './support/wide-room.ts';

let room: RoomStage;

beforeAll(async () => {
  room = await startWideRoom();
}, 60_000);
afterAll(() => room?.[Symbol.asyncDispose]());
afterEach(() => room.stage.slack.clearFaults());

test('a search says which channels it read and how far back, and finds what has all the words', async () => {
  room.seed({ channel: 'launch', user: 'grace', text: 'The Budget for the balloon is 40' });
  room.seed({ channel: 'launch', user: 'grace', text: 'the balloon is blue' });
  const thread = await room.beginIn('clean', 'ada');
  const { text } = await room.call(thread, 'search_messages', { words: 'balloon budget' });
  expect(linesOf(text)).toEqual([
    expect.stringMatching(/grace \(member\): The Budget for the balloon is 40 \[#launch, http/),
  ]);
  expect(text).toMatch(/^Searched: #clean \(\d+ messages, all there are\), .*#launch/);
  expect(text).not.toMatch(/#(acme-globex|secops|random|attic) /);
  expect(text).toContain(
    'Not searched: replies in older threads, private and shared channels, and channels I am not in.',
  );
});

test('a search finds replies, with a link that opens them, and says how many threads it read', async () => {
  const root = room.seed({ channel: 'launch', user: 'grace', text: 'where is the parachute?' });
  room.seed({ channel: 'launch', user: 'linus', text: 'the parachute lies in hangar 7', threadTs: root });
  const thread = await room.beginIn('clean', 'ada');
  const { text } = await room.call(thread, 'search_messages', { words: 'parachute hangar', channel: '#launch' });
  const [hit = '', ...others] = linesOf(text);
  expect(others).toEqual([]);
  expect(hit).toMatch(/linus \(member\): the parachute lies in hangar 7/);
  expect(text).toMatch(/Searched too: the replies of the threads that begin there \(\d+\)/);
  const [link = ''] = /https?:\/\/\S+?(?=\])/.exec(hit) ?? [];
  expect(link).toContain(`thread_ts=${root}`);
  expect((await room.call(thread, 'read_message', { link })).text).toContain('hangar 7');
});

test('a search reads the replies of a bounded number of threads, and of fewer where Slack limits it', async () => {
  for (let n = 0; n < 22; n += 1) {
    const root = room.seed({ channel: 'threads', user: 'grace', text: `question ${n}` });
    room.seed({ channel: 'threads', user: 'grace', text: `zeppelin ${n}`, threadTs: root });
  }
  const thread = await room.beginIn('clean', 'ada');
  const bounded = await room.call(thread, 'search_messages', { words: 'zeppelin', channel: '#threads' });
  expect(bounded.text).toContain('the replies of 20 of 22 threads');
  expect(bounded.text).toContain('zeppelin 21');
  expect(bounded.text).not.toContain('zeppelin 1 ');
  let reads = 0;
  const limited = await freshRoom(room, async (client, method, args) => {
    if (method === 'conversations.replies' && ++reads > 3) throw new RateLimited(method, 60_000);
    return { ...(await client.apiCall(method, args)) };
  });
  const reader = await room.pending(thread, 'search_messages');
  const wish = { words: 'zeppelin', channel: '#threads' };
  const result = await limited.search(reader, wish, new AbortController().signal);
  expect(result).toMatchObject({ hits: [{}, {}, {}] });
  expect('searched' in result ? result.searched.join() : '').toContain('the replies of 3 of 22 threads');
});

test('a search reads a long thread to its end within a bound, and says where it did not', async () => {
  for (const [name, count] of [
    ['short', 7],
    ['endless', 12],
  ] as const) {
    const root = room.seed({ channel: 'threads', user: 'grace', text: `the ${name} one` });
    for (let n = 1; n <= count; n += 1)
      room.seed({ channel: 'threads', user: 'grace', text: `airship ${name} ${n}`, threadTs: root });
  }
  const thread = await room.beginIn('clean', 'ada');
  let reads = 0;
  const paged = await freshRoom(room, async (client, method, args) => {
    if (method !== 'conversations.replies') return { ...(await client.apiCall(method, args)) };
    reads += 1;
    return { ...(await client.apiCall(method, { ...args, limit: 2 })) };
  });
  const search = async (words: string) => {
    const reader = await room.pending(thread, 'search_messages');
    const found = await paged.search(reader, { words, channel: '#threads' }, new AbortController().signal);
    if (!('hits' in found)) throw new Error(found.refused);
    return { texts: found.hits.map(({ text }) => text), searched: found.searched.join('\n') };
  };
  expect((await search('airship short 7')).texts).toEqual(['airship short 7']);
  expect(reads).toBeLessThanOrEqual(30);
  const { texts, searched } = await search('airship endless');
  expect(texts).toHaveLength(7);
  expect(searched).toContain('Not searched: the newest replies of a thread that is too long to be read to the end.');
});

test('a search goes through all channels of the app, page by page within a bound, and says when there are more', async () => {
  const thread = await room.beginIn('clean', 'ada');
  const search = async (limit: number) => {
    const few = await freshRoom(room, async (client, method, args) => ({
      ...(await client.apiCall(method, method === 'users.conversations' ? { ...args, limit } : args)),
    }));
    const reader = await room.pending(thread, 'search_messages');
    const result = await few.search(reader, { words: 'balloon' }, new AbortController().signal);
    return 'searched' in result ? result.searched : [];
  };
  const joined = [...room.stage.slack.simulator.world.channels.values()].filter(
    ({ kind, members, isArchived, isExtShared }) =>
      kind === 'public' && members.includes(APP.userId) && !isArchived && !isExtShared,
  );
  expect(joined.length).toBeGreaterThan(5);
  const [all = '', ...rest] = await search(2);
  for (const { name } of joined) expect(all).toContain(`#${name} (`);
  expect(rest.join()).not.toContain('more public channels');
  expect(await search(1)).toContain(
    'Not searched: I am in more public channels than the 5 that I have looked at, and cannot name them.',
  );
});

test('a search that Slack limits gives what it has found, and names what it did not search', async () => {
  let reads = 0;
  const limited = await freshRoom(room, async (client, method, args) => {
    if (method === 'conversations.history' && ++reads > 2) throw new RateLimited(method, 60_000);
    return { ...(await client.apiCall(method, args)) };
  });
  const thread = await room.beginIn('clean', 'ada');
  const reader = await room.pending(thread, 'search_messages');
  const result = await limited.search(reader, { words: 'balloon' }, new AbortController().signal);
  const [first, ...others] = 'searched' in result ? result.searched : [];
  expect(first).toMatch(/^Searched: #clean \([^)]*\), #[^,]* \([^)]*\)\.$/);
  // Whether the two channels hold threads is not of this test.
  const rest = others.filter((line) => !line.startsWith('Searched too: '));
  expect(rest).toEqual([
    expect.stringMatching(/^Not searched, for want of room in Slack's limits: #/),
    expect.stringMatching(/^Not searched: replies in older threads/),
  ]);
});
