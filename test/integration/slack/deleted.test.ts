import { putFile, putMessage } from '../../../store/outbox.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;
let isTemporalAway = false;

beforeAll(async () => {
  stage = await startGatewayStage();
  await stage.start({
    gate: () => {
      if (isTemporalAway) throw new Error('Temporal is away');
    },
  });
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

async function begin(): Promise<SimMessage> {
  const mention = await stage.slack.post('ada', 'platform-eng', '@bellhop begin');
  await stage.slack.waitForReaction(mention, 'eyes');
  return mention;
}

const rowOf = async (message: SimMessage) => (await stage.inbox()).find((row) => row.ts === message.ts);
const stopsOf = async (thread: SimMessage) =>
  (await stage.signals(stage.sessionOf(thread))).filter(({ name }) => name === 'stop');

async function untilDeleted(message: SimMessage): Promise<void> {
  await until(async () => (await rowOf(message))?.state === 'deleted', 'the row to be deleted');
}

/** The agent answers in the thread. */
async function answer(thread: SimMessage, text: string): Promise<string> {
  const session = stage.sessionOf(thread);
  const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts };
  const key = `${session}/${text}`;
  await putMessage(stage.db.database, { ...place, key, body: { kind: 'answer', text }, final: true });
  return key;
}

const outboxRow = async (key: string) =>
  (await stage.db.database.query('select * from outbox where key = $1', [key])).rows[0];

async function said(channel: string): Promise<string[]> {
  const { messages } = await stage.slack.state();
  return messages.filter((each) => each.channel === channel && each.user === 'U000BELLHOP').map((each) => each.text);
}

test('a deleted first message ends the work, and nothing is posted in its thread', async () => {
  const { slack, db } = stage;
  const thread = await begin();
  await slack.remove('ada', thread);
  await until(async () => (await stopsOf(thread)).length === 1, 'the session to be stopped');
  expect((await stopsOf(thread))[0]?.payload).toMatchObject({ by: 'deletion' });
  expect(await rowOf(thread)).toMatchObject({ state: 'deleted', text: '' });

  const key = await answer(thread, 'This comes too late.');
  await until(async () => (await outboxRow(key))?.failed === 'thread_gone', 'the answer to be dropped');
  const { rows } = await db.database.query<{ id: string }>(
    "insert into file (session, name, direction, size) values ($1, 'a.csv', 'out', 0) returning id",
    [stage.sessionOf(thread)],
  );
  const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts };
  const file = { ...place, key: `${key}/file`, body: { fileId: rows[0]?.id ?? '', name: 'a.csv' } };
  await putFile(db.database, file);
  await until(async () => (await outboxRow(file.key))?.failed === 'thread_gone', 'the file to be dropped');
  expect(await said(thread.channel)).toEqual([]);
});

test('a first message that leaves a tombstone ends the work as well; who asks there is told where to', async () => {
  const { slack } = stage;
  const thread = await begin();
  await slack.post('grace', thread.channel, 'and by region', { threadTs: thread.ts });
  await slack.remove('ada', thread);
  await until(async () => (await stopsOf(thread)).length === 1, 'the session to be stopped');
  const asked = await slack.post('grace', thread.channel, '@bellhop go on', { threadTs: thread.ts });
  await until(async () => (await rowOf(asked))?.state === 'refused', 'the message to be refused');
  await until(
    async () =>
      (await slack.state()).ephemerals.some(({ text }) => /first message of that thread was deleted/.test(text)),
    'Grace to be told',
  );
  expect((await stage.signals(stage.sessionOf(thread))).at(-1)?.name).toBe('stop');
});

test('an answer that Slack shows without its thread is taken out again, and the work ends', async () => {
  const { slack, db } = stage;
  const thread = await begin();
  await slack.fault({ loseEvents: 1 });
  await slack.remove('ada', thread);
  const key = await answer(thread, 'Nobody sees this.');
  await until(async () => (await outboxRow(key))?.body.kind === 'gone', 'the answer to be taken out');
  await until(async () => (await outboxRow(key))?.sent_revision === (await outboxRow(key))?.revision, 'Slack to agree');
  expect(await said(thread.channel)).not.toContain('Nobody sees this.');
  expect((await slack.calls('chat.delete')).at(-1)).toMatchObject({ ok: true });
  await until(async () => (await stopsOf(thread)).length === 1, 'the session to be stopped');
  const { rowCount } = await db.database.query('select 1 from session where id = $1 and root_deleted_at is not null', [
    stage.sessionOf(thread),
  ]);
  expect(rowCount).toBe(1);
});

test('a deleted message that no turn has read is not worked on, and the others are', async () => {
  const { slack } = stage;
  const thread = await begin();
  const second = await slack.post('ada', thread.channel, '@bellhop the password is …', { threadTs: thread.ts });
  await slack.waitForReaction(second, 'eyes');
  await slack.remove('ada', second);
  await untilDeleted(second);
  expect(await rowOf(second)).toMatchObject({ text: '', turn: null });
  expect(await rowOf(thread)).toMatchObject({ state: 'delivered' });
  expect(await stopsOf(thread)).toEqual([]);
});

test('a message that is deleted while Temporal is away starts nothing', async () => {
  const { slack } = stage;
  isTemporalAway = true;
  const thread = await slack.post('ada', 'platform-eng', '@bellhop never mind this');
  await until(async () => (await rowOf(thread))?.state === 'delivered', 'the message to be accepted');
  await slack.remove('ada', thread);
  await untilDeleted(thread);
  isTemporalAway = false;
  await until(
    async () =>
      (await stage.inbox()).some(
        (row) => row.event_id === `deleted:${stage.sessionOf(thread)}` && row.state === 'answered',
      ),
    'the stop to be done with',
  );
  expect(await stage.runs(stage.sessionOf(thread))).toBe(0);
});
