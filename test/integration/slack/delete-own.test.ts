/** The tool by which the agent deletes its own messages when a person asks for it. */
import { stepIdOf, threadOf } from '../../../contracts/ids.ts';
import { APP } from '../../../simulators/slack/world/workspace.ts';
import { inTransaction } from '../../../store/database.ts';
import { putMessage } from '../../../store/outbox.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';
import type { RoomStage } from './support/room-stage.ts';
import { startWideRoom } from './support/wide-room.ts';

let room: RoomStage;

beforeAll(async () => {
  room = await startWideRoom();
  await room.begin('ada', 'clean');
}, 60_000);
afterAll(() => room?.[Symbol.asyncDispose]());
afterEach(() => room.stage.slack.clearFaults());

type Thread = Pick<SimMessage, 'channel' | 'ts' | 'threadTs'>;

/** What the agent has said in the thread, as Slack shows it, without the line that shows its work. */
async function shown(thread: Thread): Promise<readonly SimMessage[]> {
  return (await room.stage.slack.answers(thread)).filter(
    ({ deleted, text }) => !deleted && !text.startsWith('Working'),
  );
}

/** The agent has answered an earlier turn. Resolves when Slack shows all of it. */
async function answered(thread: Thread, text: string, nth = 1, messages = 1): Promise<readonly SimMessage[]> {
  const session = room.sessionOf(thread);
  const before = (await shown(thread)).length;
  const body = { kind: 'answer', text } as const;
  await putMessage(room.stage.db.database, {
    key: `${session}/earlier-${nth}/answer`,
    ...threadOf(session),
    body,
    final: true,
  });
  await until(async () => (await shown(thread)).length === before + messages, 'the answer to be shown');
  return shown(thread);
}

const linkTo = ({ channel, ts }: Pick<SimMessage, 'channel' | 'ts'>): string =>
  `https://acme.slack.com/archives/${channel}/p${ts.replace('.', '')}`;

test('the newest answer is deleted, once for each call, and older ones stay', async () => {
  const thread = await room.beginIn('clean', 'ada');
  await answered(thread, 'the first answer', 1);
  await answered(thread, 'the second answer', 2);
  const ref = await room.pending(thread, 'delete_message');
  expect(await room.attempt(ref)).toMatchObject({ text: 'Deleted.', isError: false });
  const by = stepIdOf(ref.session, ref.turn, ref.step);
  // As after a crash between the deletion and its note.
  const again = await room.gateway.room.remove(ref, by, {}, new AbortController().signal);
  expect(again).toEqual({ messages: 1 });
  expect((await shown(thread)).map(({ text }) => text)).toEqual([expect.stringContaining('the first answer')]);
  expect(await room.call(thread, 'delete_message')).toMatchObject({ text: 'Deleted.' });
  expect(await room.call(thread, 'delete_message')).toMatchObject({
    isError: true,
    text: expect.stringContaining('I know of none'),
  });
});

test('a long answer goes with all its parts, whichever of them the link names', async () => {
  const thread = await room.beginIn('clean', 'ada');
  const parts = await answered(thread, 'A paragraph of some length.\n\n'.repeat(700), 1, 2);
  const [, second] = parts;
  const deleted = await room.call(thread, 'delete_message', { link: linkTo(second ?? thread) });
  expect(deleted.text).toBe('Deleted, with all its 2 parts.');
  expect(await shown(thread)).toEqual([]);
});

test('what was posted elsewhere from this thread is deleted by its link', async () => {
  const thread = await room.beginIn('clean', 'ada');
  const posted = await room.call(thread, 'post_message', { channel: '#launch', text: 'We launch today' });
  const link = /http\S+/.exec(posted.text)?.[0];
  expect(await room.call(thread, 'delete_message', { link })).toMatchObject({ text: 'Deleted.', isError: false });
  const posts = (await room.stage.slack.state()).messages.filter(
    (each) => each.channel === 'C0000LAUNCH' && each.user === APP.userId && !each.deleted,
  );
  expect(posts).toEqual([]);
});

test("messages of people and of other threads stay, and so does what is no message's link", async () => {
  const other = await room.beginIn('clean', 'grace');
  const [theirs] = await answered(other, 'an answer to Grace');
  const thread = await room.beginIn('clean', 'ada');
  for (const link of [
    linkTo(thread),
    linkTo(theirs ?? thread),
    'https://example.com/',
    linkTo({ channel: 'C0000LAUNCH', ts: '1.000001' }),
  ])
    expect(await room.call(thread, 'delete_message', { link })).toMatchObject({ isError: true });
  expect(await shown(other)).toHaveLength(1);
});

test('where Slack lets nobody delete, the text is taken out', async () => {
  const thread = await room.beginIn('clean', 'ada');
  await answered(thread, 'a secret of ours');
  await room.stage.slack.fault({ failWith: 'chat.delete', error: 'compliance_exports_prevent_deletion' });
  const said = await room.call(thread, 'delete_message');
  expect(said.text).toContain('lets nobody delete');
  const [message] = await shown(thread);
  expect(JSON.stringify(message)).not.toContain('a secret of ours');
  expect(message?.text).toContain('I was asked to delete this message');
});

test('where Slack refuses even that, the tool says that the message still stands, and nothing new is posted', async () => {
  const thread = await room.beginIn('clean', 'ada');
  const [message] = await answered(thread, 'it stands as it is');
  await room.stage.slack.fault({ failWith: 'chat.delete', error: 'compliance_exports_prevent_deletion' });
  await room.stage.slack.fault({ failWith: 'chat.update', error: 'cant_update_message', times: 2 });
  const said = await room.call(thread, 'delete_message', { link: linkTo(message ?? thread) });
  expect(said).toMatchObject({ isError: true, text: expect.stringContaining('still stands') });
  expect((await shown(thread)).map(({ ts }) => ts)).toEqual([message?.ts]);
});

test('an answer that still waits for Slack is the newest, and is never posted', async () => {
  const thread = await room.beginIn('clean', 'ada');
  await answered(thread, 'the first answer', 1);
  const { database } = room.stage.db;
  const session = room.sessionOf(thread);
  const body = { kind: 'answer', text: 'the second answer' } as const;
  await inTransaction(database, async (db) => {
    await putMessage(db, { key: `${session}/earlier-2/answer`, ...threadOf(session), body, final: true });
    await db.query("update outbox set not_before = now() + interval '1 hour' where key = $1", [
      `${session}/earlier-2/answer`,
    ]);
  });
  const ref = await room.pending(thread, 'delete_message');
  const by = stepIdOf(ref.session, ref.turn, ref.step);
  const signal = new AbortController().signal;
  expect(await room.gateway.room.remove(ref, by, {}, signal)).toEqual({ messages: 1 });
  expect(await room.gateway.room.remove(ref, by, {}, signal)).toEqual({ messages: 1 });
  expect((await shown(thread)).map(({ text }) => text)).toEqual([expect.stringContaining('the first answer')]);
});

test("a schedule's turn deletes nothing, and neither does an attempt after the end of its turn", async () => {
  const { database } = room.stage.db;
  const thread = await room.beginIn('clean', 'ada');
  await answered(thread, 'an answer');
  const session = room.sessionOf(thread);
  await database.query("update turn set requester = 'schedule:daily' where session = $1", [session]);
  expect(await room.call(thread, 'delete_message')).toMatchObject({
    isError: true,
    text: expect.stringContaining('schedule'),
  });
  await database.query(
    "update turn set requester = 'U0000000ADA', state = 'stopped', ended_at = now() where session = $1",
    [session],
  );
  const late = room.gateway.room.remove({ session, turn: 1 }, `${session}/1/9`, {}, new AbortController().signal);
  await expect(late).rejects.toMatchObject({ code: 'TurnOver' });
  expect(await shown(thread)).toHaveLength(1);
});

test('parts that are on their way do not come after the deletion', async () => {
  const thread = await room.beginIn('clean', 'ada');
  const session = room.sessionOf(thread);
  const { slack, db } = room.stage;
  await slack.fault({ delayMs: 'chat.postMessage', ms: 1_000, times: 10 });
  const body = { kind: 'answer', text: 'A paragraph of some length.\n\n'.repeat(1_500) } as const;
  await putMessage(db.database, { key: `${session}/earlier/answer`, ...threadOf(session), body, final: true });
  await until(async () => {
    const { rows } = await db.database.query("select 1 from outbox where session = $1 and key like '%#2' and unsure", [
      session,
    ]);
    return rows.length === 1;
  }, 'the second part to be on its way');
  // Of four parts, as long as nobody deletes it.
  expect((await room.call(thread, 'delete_message')).text).toMatch(/^Deleted, with all its [23] parts\.$/);
  expect(await shown(thread)).toEqual([]);
  const { rows } = await db.database.query("select 1 from outbox where session = $1 and body ->> 'kind' = 'answer'", [
    session,
  ]);
  expect(rows).toEqual([]);
});
