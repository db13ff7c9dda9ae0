import { claimInboxMessages } from '../../../store/claim-messages.ts';
import { inTransaction } from '../../../store/database.ts';
import { putFile, putMessage } from '../../../store/outbox.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { lockSession } from '../../../store/turn-fence.ts';
import { finishTurn, insertTurn } from '../../../store/turns.ts';
import { type GatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { onGateway } from '../../support/on-gateway.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;
let isTemporalAway = false;

const gate = () => {
  if (isTemporalAway) throw new Error('Temporal is away');
};
onGateway(
  (begun) => {
    stage = begun;
  },
  { gate },
);

const stopsOf = async (thread: SimMessage) =>
  (await stage.signals(stage.sessionOf(thread))).filter(({ name }) => name === 'stop');

async function untilDeleted(message: SimMessage): Promise<void> {
  await until(async () => (await stage.rowOf(message))?.state === 'deleted', 'the row to be deleted');
}

const editOf = async (message: SimMessage, state: string) => {
  const isIt = (row: Record<string, unknown>) => row.edits === message.ts && row.state === state;
  await until(async () => (await stage.inbox()).some(isIt), `the edit to be ${state}`);
  return (await stage.inbox()).find(isIt);
};
async function edited(as: string, message: SimMessage, text: string): Promise<void> {
  await stage.slack.edit(as, message, text);
  await editOf(message, 'context');
}

let turns = 0;
async function beginTurn(thread: SimMessage): Promise<number> {
  const session = stage.sessionOf(thread);
  const fence = { run: 1, count: ++turns };
  const turn = await inTransaction(stage.db.database, async (db) => {
    await lockSession(db, session);
    return insertTurn(db, { session, fence, after: 0, stoppedUpTo: null });
  });
  return turn?.number ?? 0;
}

/** The turn reads what waits. All that a model is told of then: texts, and before an arrow what an edit has changed. */
async function read(thread: SimMessage, turn: number): Promise<string[]> {
  const session = stage.sessionOf(thread);
  await inTransaction(stage.db.database, async (db) => {
    await lockSession(db, session);
    await claimInboxMessages(db, session, turn, () => 1);
    await finishTurn(db, session, turn, { state: 'answered' });
  });
  return (await readTranscript(stage.db.database, session)).flatMap(({ content }) =>
    'kind' in content ? [content.kind === 'edit' ? `${content.before} → ${content.text}` : content.text] : [],
  );
}

async function reply(thread: SimMessage, text: string): Promise<SimMessage> {
  return stage.slack.post('ada', thread.channel, text, { threadTs: thread.ts });
}
async function ask(thread: SimMessage, text: string): Promise<SimMessage> {
  const asked = await reply(thread, text);
  await stage.slack.waitForReaction(asked, 'eyes');
  return asked;
}

/** Nothing of the thread is with the agent any more, and its next turn reads it anew. */
async function restart(thread: SimMessage): Promise<void> {
  const asked = await reply(thread, '!restart');
  await until(async () => (await stage.rowOf(asked))?.state === 'answered', 'the restart');
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
  const thread = await stage.begin();
  await slack.remove('ada', thread);
  await until(async () => (await stopsOf(thread)).length === 1, 'the session to be stopped');
  expect((await stopsOf(thread))[0]?.payload).toMatchObject({ by: 'deletion' });
  expect(await stage.rowOf(thread)).toMatchObject({ state: 'deleted', text: '' });

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
  const thread = await stage.begin();
  await slack.post('grace', thread.channel, 'and by region', { threadTs: thread.ts });
  await slack.remove('ada', thread);
  await until(async () => (await stopsOf(thread)).length === 1, 'the session to be stopped');
  const asked = await slack.post('grace', thread.channel, '@bellhop go on', { threadTs: thread.ts });
  await until(async () => (await stage.rowOf(asked))?.state === 'refused', 'the message to be refused');
  await until(
    async () =>
      (await slack.state()).ephemerals.some(({ text }) => /first message of that thread was deleted/.test(text)),
    'Grace to be told',
  );
  expect((await stage.signals(stage.sessionOf(thread))).at(-1)?.name).toBe('stop');
});

test('an answer that Slack shows without its thread is taken out again, and the work ends', async () => {
  const { slack, db } = stage;
  const thread = await stage.begin();
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
  const thread = await stage.begin();
  const second = await slack.post('ada', thread.channel, '@bellhop the password is …', { threadTs: thread.ts });
  await slack.waitForReaction(second, 'eyes');
  await slack.remove('ada', second);
  await untilDeleted(second);
  expect(await stage.rowOf(second)).toMatchObject({ text: '', turn: null });
  expect(await stage.rowOf(thread)).toMatchObject({ state: 'delivered' });
  expect(await stopsOf(thread)).toEqual([]);
});

test('a message that is deleted while Temporal is away starts nothing', async () => {
  const { slack } = stage;
  isTemporalAway = true;
  const thread = await slack.post('ada', 'platform-eng', '@bellhop never mind this');
  await until(async () => (await stage.rowOf(thread))?.state === 'delivered', 'the message to be accepted');
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

test('a message that a turn has read and somebody has deleted is not read anew after a restart, however it was edited', async () => {
  const { slack } = stage;
  const thread = await stage.begin();
  const secret = await ask(thread, 'the key is hunter2');
  await edited('ada', secret, 'the key is hunter3');
  expect(await read(thread, await beginTurn(thread))).toEqual([
    'begin',
    'the key is hunter2',
    'the key is hunter2 → the key is hunter3',
  ]);
  await slack.remove('ada', secret);
  await until(async () => (await stage.rowOf(secret))?.deleted_at !== null, 'the deletion');
  await restart(thread);
  await ask(thread, 'go on');
  expect(await read(thread, await beginTurn(thread))).toEqual(['begin', 'go on']);
});

test('a message that is deleted while a turn begins for it is the turn’s, and no later one’s', async () => {
  const { slack } = stage;
  const thread = await stage.begin();
  await read(thread, await beginTurn(thread));
  const first = await ask(thread, 'drop the table');
  await edited('ada', first, 'show the table');
  const turn = await beginTurn(thread);
  await slack.remove('ada', first);
  await until(async () => (await stage.rowOf(first))?.deleted_at !== null, 'the deletion');
  expect(await read(thread, turn)).toEqual(['begin', 'drop the table', 'drop the table → show the table']);
  await restart(thread);
  await ask(thread, 'go on');
  expect(await read(thread, await beginTurn(thread))).toEqual(['begin', 'go on']);

  const second = await ask(thread, 'drop the index');
  await beginTurn(thread);
  await slack.remove('ada', second);
  await until(async () => (await stage.rowOf(second))?.deleted_at !== null, 'the deletion');
  await restart(thread);
  expect(await stage.rowOf(second)).toMatchObject({ state: 'deleted', text: '' });
});

test('a message that is deleted after a restart, while its turn is being stopped, is not read anew', async () => {
  const thread = await stage.begin();
  await read(thread, await beginTurn(thread));
  const second = await ask(thread, 'drop the index');
  await beginTurn(thread);
  await restart(thread);
  await stage.slack.remove('ada', second);
  await untilDeleted(second);
});

test('after a restart a message is read with what its author has made of it', async () => {
  const thread = await stage.begin();
  await edited('ada', thread, '@bellhop start');
  expect(await read(thread, await beginTurn(thread))).toEqual(['begin', 'begin → start']);
  await restart(thread);
  await ask(thread, 'go on');
  expect(await read(thread, await beginTurn(thread))).toEqual(['begin', 'begin → start', 'go on']);
});

test('of a deleted message that no turn has read, what it said before and after an edit goes as well', async () => {
  const { slack } = stage;
  const thread = await stage.begin();
  const aside = await slack.post('ada', thread.channel, '<@U00000GRACE> the key is hunter2', { threadTs: thread.ts });
  await until(async () => (await stage.rowOf(aside))?.state === 'context', 'the talk');
  await edited('ada', aside, '<@U00000GRACE> the key is secret');
  await slack.remove('ada', aside);
  await untilDeleted(aside);
  expect(await editOf(aside, 'deleted')).toMatchObject({ text: '', text_before: null });
  expect(await read(thread, await beginTurn(thread))).toEqual(['begin']);
});

test('with the first message of a thread go the edits of every message in it', async () => {
  const { slack } = stage;
  const thread = await stage.begin();
  const second = await ask(thread, 'the key is hunter2');
  await edited('ada', second, 'the key is secret');
  await slack.remove('ada', thread);
  await untilDeleted(second);
  expect(await editOf(second, 'deleted')).toMatchObject({ text: '', text_before: null });
});
