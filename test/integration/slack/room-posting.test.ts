import { stepIdOf } from '../../../contracts/ids.ts';
import { APP } from '../../../simulators/slack/world/workspace.ts';
import { everyText } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';
import type { RoomStage } from './support/room-stage.ts';
import { historyOf, startWideRoom } from './support/wide-room.ts';

let room: RoomStage;

beforeAll(async () => {
  room = await startWideRoom();
  // The person who asks has spoken before, so the gateway knows their name.
  await room.begin('ada', 'clean');
}, 60_000);
afterAll(() => room?.[Symbol.asyncDispose]());
afterEach(() => room.stage.slack.clearFaults());

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
    expect(historyOf(room, 'launch').some((each) => JSON.stringify(each).includes(error))).toBe(false);
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
