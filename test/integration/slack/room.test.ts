/** Reading channels and threads, looking up, and what is reached from where. */
import { INFORMATION } from '../../../agent/tools/slack/show-messages.ts';
import { APP } from '../../../simulators/slack/world/workspace.ts';
import { slackManifest } from '../../../slack/manifest.ts';
import { everyText } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';
import type { RoomStage } from './support/room-stage.ts';
import { freshRoom, GUEST, historyOf, linesOf, startWideRoom } from './support/wide-room.ts';

let room: RoomStage;

beforeAll(async () => {
  room = await startWideRoom();
}, 60_000);
afterAll(() => room?.[Symbol.asyncDispose]());
afterEach(() => room.stage.slack.clearFaults());

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
  const fresh = freshRoom(room, async (client, method, args) => ({ ...(await client.apiCall(method, args)) }));
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
  expect(historyOf(room, 'long').length).toBeGreaterThan(100);
});
