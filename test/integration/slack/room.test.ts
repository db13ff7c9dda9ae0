import { INFORMATION } from '../../../agent/tools/slack/show-messages.ts';
import { stepIdOf } from '../../../contracts/ids.ts';
import type { Channel } from '../../../simulators/slack/world/types.ts';
import { APP } from '../../../simulators/slack/world/workspace.ts';
import { createSlackClient } from '../../../slack/api/client.ts';
import { RateLimited } from '../../../slack/api/errors.ts';
import { whoAmI } from '../../../slack/api/identity.ts';
import type { PacedCalls } from '../../../slack/api/paced-calls.ts';
import { SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import { slackManifest } from '../../../slack/manifest.ts';
import { createSlackRoom } from '../../../slack/room/room.ts';
import { everyText } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';
import { type RoomStage, startRoomStage } from './support/room-stage.ts';

const [ADA, GRACE, GUEST] = ['U0000000ADA', 'U00000GRACE', 'U0000000GIA'];
const channel = (id: string, name: string, members: string[]): Channel => ({
  ...{ kind: 'public', topic: 'where we launch', isGeneral: false, isArchived: false, isExtShared: false, created: 0 },
  ...{ id, name, members },
});
const CHANNELS = [
  channel('C00000CLEAN', 'clean', [ADA, GRACE, APP.userId]),
  channel('C0000LAUNCH', 'launch', [ADA, GRACE, APP.userId]),
  channel('C000000LONG', 'long', [ADA, GRACE, APP.userId]),
  channel('C0000THREAD', 'threads', [ADA, GRACE, APP.userId]),
];

let room: RoomStage;

beforeAll(async () => {
  const wide = { capacity: 100_000, perSecond: 1_000 };
  const limits = Object.fromEntries(Object.keys(SLACK_LIMITS).map((method) => [method, wide]));
  room = await startRoomStage({ limits }, { more: { people: [], channels: CHANNELS } });
}, 60_000);
afterAll(() => room?.[Symbol.asyncDispose]());
afterEach(() => room.stage.slack.clearFaults());

type Client = ReturnType<typeof createSlackClient>;

/** The room of a gateway that remembers nothing yet, with calls of one's own. */
async function freshRoom(
  call: (client: Client, ...given: Parameters<PacedCalls['call']>) => ReturnType<PacedCalls['call']>,
) {
  const { slack, db } = room.stage;
  const client = createSlackClient(slack.tokens.bot, slack.apiUrl, { warn: () => {}, error: () => {} });
  const calls: PacedCalls = { call: (...given) => call(client, ...given) };
  const directory = { person: async () => null };
  const identity = await whoAmI(client);
  return createSlackRoom({ db: db.database, calls, identity, directory, whyOff: async () => null });
}

const history = (name: string) => {
  const { world } = room.stage.slack.simulator;
  return world.history(world.channel(name)?.id ?? '');
};
const linesOf = (text: string) => text.split('\n').filter((line) => /^\d{4}-/.test(line));

test('a channel is paged through from its newest message to its oldest, with what people see in threads and blocks', async () => {
  for (let n = 1; n <= 120; n += 1) room.seed({ channel: 'long', user: n % 2 ? 'ada' : 'grace', text: `note ${n}` });
  const root = room.seed({ channel: 'long', user: 'grace', text: 'who takes it?' });
  room.seed({ channel: 'long', user: 'ada', text: 'I do', threadTs: root });
  const thread = await room.beginIn('clean', 'ada');
  const seen: string[] = [];
  let before: string | undefined;
  for (;;) {
    const { text, isError } = await room.call(thread, 'read_channel', { channel: '#long', ...(before && { before }) });
    expect(isError).toBe(false);
    seen.unshift(...linesOf(text).map((line) => /: (.*)$/.exec(line)?.[1] ?? ''));
    before = /before: "([\d.]+)"/.exec(text)?.[1];
    if (before === undefined) break;
    expect(text).toContain('older messages are left out here');
  }
  expect(seen.slice(0, -1)).toEqual(Array.from({ length: 120 }, (_, n) => `note ${n + 1}`));
  expect(seen.at(-1)).toMatch(/^who takes it\? \[1 reply: http.*\/archives\/C000000LONG\/p\d{16}\]$/);
});

test('the link that stands beside a message leads to its thread; the link of a reply to what was said up to it', async () => {
  const root = room.seed({ channel: 'launch', user: 'grace', text: 'who takes it?' });
  const first = room.seed({ channel: 'launch', user: 'ada', text: 'I do', threadTs: root });
  room.seed({ channel: 'launch', user: 'grace', text: 'thank you', threadTs: root });
  const thread = await room.beginIn('clean', 'ada');
  const link = (ts: string) => `https://acme.slack.com/archives/C0000LAUNCH/p${ts.replace('.', '')}`;
  const whole = await room.call(thread, 'read_message', { link: `<${link(root)}|this>` });
  expect(linesOf(whole.text).map((line) => /: (.*)$/.exec(line)?.[1])).toEqual(['who takes it?', 'I do', 'thank you']);
  const reply = await room.call(thread, 'read_message', { link: `${link(first)}?thread_ts=${root}&cid=C0000LAUNCH` });
  expect(linesOf(reply.text).map((line) => /: (.*)$/.exec(line)?.[1])).toEqual(['who takes it?', 'I do']);
  const gone = await room.call(thread, 'read_message', { link: link('1700000000.000100') });
  expect(gone).toMatchObject({ isError: true, text: expect.stringMatching(/no such (thread|message)/) });
  const none = await room.call(thread, 'read_message', { link: 'https://example.com/archives/nothing' });
  expect(none).toMatchObject({ isError: true, text: expect.stringContaining('no link to a message') });
});

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
  const limited = await freshRoom(async (client, method, args) => {
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
  const paged = await freshRoom(async (client, method, args) => {
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
    const few = await freshRoom(async (client, method, args) => ({
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
  const limited = await freshRoom(async (client, method, args) => {
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

test('people and channels are found by a part of their name, with what one needs to know of them', async () => {
  const thread = await room.beginIn('clean', 'ada');
  expect(await room.call(thread, 'find_people', { name: '@murr' })).toEqual({
    isError: false,
    text: `${INFORMATION}\ngrace (member) · Grace Murray · Head of data · America/New_York · id U00000GRACE`,
  });
  const channels = await room.call(thread, 'find_channels', { name: 'launch' });
  expect(channels.text).toContain('#launch · where we launch · I am in it');
  expect(await room.call(thread, 'find_channels', { name: 'board' })).toMatchObject({ text: 'Nothing was found.' });
});

test('titles and topics are words of others: no token of a known form is among them, and they count as heard from several', async () => {
  const { world } = room.stage.slack.simulator;
  const launch = world.channel('launch');
  if (!launch) throw new Error('no channel');
  const token = `ghp_${'a1B2'.repeat(9)}`;
  world.channels.set(launch.id, { ...launch, topic: `deploy with ${token}` });
  const heard = async (thread: Parameters<RoomStage['sessionOf']>[0]) =>
    (await room.stage.db.database.query('select heard from session where id = $1', [room.sessionOf(thread)])).rows[0]
      ?.heard;
  // Lists are kept for some minutes: a gateway of its own reads them anew.
  const fresh = freshRoom(async (client, method, args) => ({ ...(await client.apiCall(method, args)) }));
  const looked = await room.beginIn('clean', 'ada');
  expect(await heard(looked)).toBeNull();
  const found = await (await fresh).channels(await room.pending(looked, 'find_channels'), 'launch');
  world.channels.set(launch.id, launch);
  expect(JSON.stringify(found)).toContain('deploy with [removed: this looked like');
  expect(JSON.stringify(found)).not.toContain(token);
  expect(await (await fresh).channels(await room.pending(looked, 'find_channels'), 'ghp_a1B2')).toEqual({
    found: [],
    more: 0,
  });
  expect(await heard(looked)).toBe('');
  const asked = await room.beginIn('clean', 'ada');
  expect((await room.call(asked, 'find_channels', { name: 'launch' })).text).toContain(INFORMATION);
  await room.call(asked, 'find_people', { name: 'grace' });
  expect(await heard(asked)).toBe('');
});

test('a post says from where and for whom, mentions nobody, starts nothing, and is one message for each call', async () => {
  const thread = await room.beginIn('clean', 'ada');
  const ref = await room.pending(thread, 'post_message', {
    channel: '#launch',
    text: 'Ready <!channel> and <!subteam^S1>. <@U000BELLHOP> go',
  });
  const answer = await room.attempt(ref);
  expect(answer?.text).toMatch(/^Posted in #launch: http.*\/archives\/C0000LAUNCH\/p\d{16}$/);
  await room.attempt(ref);
  await room.gateway.room.post(
    ref,
    `${stepIdOf(ref.session, ref.turn, ref.step)}/post`,
    { channel: 'launch', text: 'twice' },
    new AbortController().signal,
  );
  const posts = (await room.stage.slack.state()).messages.filter(
    (each) => each.channel === 'C0000LAUNCH' && each.user === APP.userId,
  );
  expect(posts).toHaveLength(1);
  const [post] = posts;
  expect(everyText(post ?? { text: '', blocks: [] })).toContain('From #clean for ada');
  expect(post?.broadcastMentions).toEqual([]);
  expect(post?.threadTs).toBeNull();
  expect((await room.stage.inbox()).filter((row) => row.ts === post?.ts)).toEqual([]);
});

test.each(['restricted_action', 'msg_too_long'])(
  'a post that Slack refuses for good (%s) while the tool waits is told by the tool alone, and nothing of it is shown',
  async (error) => {
    const { slack, db } = room.stage;
    const thread = await room.beginIn('clean', 'ada');
    const text = `${error} ${'we launch on Monday '.repeat(40)}`;
    await slack.fault({ failWith: 'chat.postMessage', error, times: error === 'msg_too_long' ? 2 : 1 });
    const ref = await room.pending(thread, 'post_message');
    const key = `${stepIdOf(ref.session, ref.turn, ref.step)}/post`;
    const wish = { channel: '#launch', text };
    expect(await room.gateway.room.post(ref, key, wish, new AbortController().signal)).toEqual({ failed: error });
    // A notice would be written together with the refusal.
    const { rows } = await db.database.query('select key from outbox where key like $1', [`${key}%`]);
    expect(rows).toEqual([{ key }]);
    expect(history('launch').some((each) => JSON.stringify(each).includes(error))).toBe(false);
  },
);

test('a post that Slack refuses after the tool has stopped waiting is told in the thread that asked for it', async () => {
  const { slack, db } = room.stage;
  const thread = await room.beginIn('clean', 'ada');
  await slack.fault({ rateLimit: 'chat.postMessage', retryAfter: 2 });
  const refusedCalls = async () => (await slack.calls('chat.postMessage')).filter(({ ok }) => !ok).length;
  const before = await refusedCalls();
  const ref = await room.pending(thread, 'post_message');
  const key = `${stepIdOf(ref.session, ref.turn, ref.step)}/post`;
  const waits = new AbortController();
  const post = room.gateway.room.post(ref, key, { channel: '#launch', text: 'refused late' }, waits.signal);
  await until(async () => (await refusedCalls()) > before, 'the limit');
  await slack.fault({ failWith: 'chat.postMessage', error: 'restricted_action', times: 1 });
  waits.abort();
  await expect(post).rejects.toMatchObject({ name: 'AbortError' });
  const told = await slack.waitForAnswer(thread, /message for #launch .* could not be posted/);
  expect(told.text).toContain('restricted_action');
  expect((await db.database.query('select 1 from outbox where key = $1', [`${key}/refused`])).rowCount).toBe(1);
});

test('an attempt that comes after the end of its turn posts nothing', async () => {
  const thread = await room.beginIn('clean', 'ada');
  const ref = await room.pending(thread, 'post_message', { channel: '#launch', text: 'too late' });
  await room.stage.db.database.query("update turn set state = 'stopped', ended_at = now() where session = $1", [
    ref.session,
  ]);
  const key = `${stepIdOf(ref.session, ref.turn, ref.step)}/post`;
  await expect(room.attempt(ref)).rejects.toMatchObject({ type: 'SessionEnded' });
  const late = room.gateway.room.post(ref, key, { channel: '#launch', text: 'too late' }, new AbortController().signal);
  await expect(late).rejects.toMatchObject({ code: 'TurnOver' });
  expect((await room.stage.db.database.query('select 1 from outbox where key = $1', [key])).rowCount).toBe(0);
});

test.each([
  ['Approve and post', 'approve', 1],
  ['Do not post', 'no', 0],
])(
  'out of a direct message it is posted only after the person has pressed the button: %s',
  async (_, choice, count) => {
    const { slack } = room.stage;
    const dm = await slack.openDm('ada');
    const thread = await room.beginIn(dm, 'ada');
    const text = `from a DM, ${choice}`;
    const ref = await room.pending(thread, 'post_message', { channel: '#launch', text });
    expect(await room.attempt(ref)).toBeUndefined();
    const card = await slack.waitForAnswer(thread, /I am to post this in #launch/);
    expect(everyText(card)).toContain(text);
    const action = JSON.stringify(card.blocks).match(new RegExp(`bellhop_answer/${choice}`))?.[0] ?? '';
    const value = /"value":"([^"]+)"/.exec(JSON.stringify(card.blocks))?.[1];
    await slack.click('ada', card, action, value);
    const closed = "select 1 from question where session = $1 and state <> 'open'";
    await until(async () => (await room.stage.db.database.query(closed, [ref.session])).rowCount === 1, 'the answer');
    const answer = await room.attempt(ref);
    expect(answer?.isError).toBe(count === 0);
    const posts = (await slack.state()).messages.filter(
      (each) => each.channel === 'C0000LAUNCH' && everyText(each).includes(text),
    );
    expect(posts).toHaveLength(count);
    if (posts[0]) expect(everyText(posts[0])).toContain('From a direct message for ada, who approved it');
  },
);

test('in a thread of a person nothing of other places is read', async () => {
  const thread = await room.beginIn('clean', 'ada');
  await room.stage.db.database.query("update session set owner = 'U0000000ADA' where id = $1", [
    room.sessionOf(thread),
  ]);
  for (const [tool, given] of [
    ['read_channel', {}],
    ['read_channel', { channel: '#launch' }],
    ['search_messages', { words: 'balloon' }],
    ['post_message', { channel: '#launch', text: 'hello' }],
  ] as const) {
    const answer = await room.call(thread, tool, given);
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining("works in one person's name") });
  }
});

test('what others wrote in a channel counts as heard, so that no connection of a person is used in the thread after that', async () => {
  room.seed({ channel: 'launch', user: 'grace', text: 'some news' });
  room.seed({ channel: 'launch', user: 'ada', text: 'more news' });
  const thread = await room.beginIn('clean', 'ada');
  await room.call(thread, 'read_channel', { channel: '#launch' });
  const { rows } = await room.stage.db.database.query('select heard from session where id = $1', [
    room.sessionOf(thread),
  ]);
  expect(rows[0]?.heard).toBe('');
});

test('a guest who joins ends the reach of a channel at once, and so does somebody who cannot be looked up', async () => {
  const { world } = room.stage.slack.simulator;
  const launch = world.channel('launch');
  const clean = world.channel('clean');
  if (!launch || !clean) throw new Error('no channels');
  const thread = await room.beginIn('clean', 'ada');
  expect((await room.call(thread, 'read_channel', { channel: '#launch' })).isError).toBe(false);
  for (const stranger of [GUEST, 'U0000NOBODY']) {
    clean.members = [...clean.members, stranger];
    const answer = await room.call(thread, 'read_channel', { channel: '#launch' });
    expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('There are guests in this channel') });
    clean.members = clean.members.filter((each) => each !== stranger);
  }
  launch.members = [...launch.members, GUEST];
  const posted = await room.call(thread, 'post_message', { channel: '#launch', text: 'hello' });
  expect(posted).toMatchObject({ isError: true, text: expect.stringContaining('There are guests in #launch') });
  launch.members = launch.members.filter((each) => each !== GUEST);
});

test('a scope that the app lacks is said in words, and the manifest asks for every scope that is used', async () => {
  await room.stage.slack.fault({ failWith: 'pins.list', error: 'missing_scope', times: 1 });
  const thread = await room.beginIn('clean', 'ada');
  const answer = await room.call(thread, 'read_pins', {});
  expect(answer).toMatchObject({ isError: true, text: expect.stringContaining('lacks a permission') });
  const { oauth_config: config } = slackManifest('bellhop') as { oauth_config: { scopes: { bot: string[] } } };
  const used = ['channels', 'groups', 'im', 'mpim'].flatMap((kind) => [`${kind}:history`, `${kind}:read`]);
  expect(config.scopes.bot).toEqual(expect.arrayContaining([...used, 'pins:read', 'users:read', 'chat:write']));
  expect(APP.scopes).toEqual(expect.arrayContaining(config.scopes.bot));
});

test('an answer is bounded, however long the messages are', async () => {
  for (let n = 0; n < 30; n += 1) room.seed({ channel: 'long', user: 'grace', text: `${n} ${'balloon '.repeat(900)}` });
  const thread = await room.beginIn('clean', 'ada');
  const read = await room.call(thread, 'read_channel', { channel: '#long', limit: 200 });
  const found = await room.call(thread, 'search_messages', { words: 'balloon', channel: '#long' });
  for (const { text } of [read, found]) expect(Buffer.byteLength(text)).toBeLessThan(34_000);
  expect(read.text).toMatch(/left out here; before:/);
  expect(history('long').length).toBeGreaterThan(100);
});
