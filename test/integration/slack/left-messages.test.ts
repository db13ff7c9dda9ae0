/** Messages that could be forgotten between the gateway, a workflow that is lost, and a stop. */
import { createEndAbandonedTurn } from '../../../activities/end-turn.ts';
import { createHousekeepingActivities } from '../../../activities/housekeeping.ts';
import { FAILURES } from '../../../contracts/failures.ts';
import { keepEntries } from '../../../store/inbox-intake.ts';
import { putMessage } from '../../../store/outbox.ts';
import { isSessionOpen } from '../../../workers/is-session-open.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;
let isTemporalThere = true;

beforeAll(async () => {
  stage = await startGatewayStage();
  // Who is in the channel is read once before, so that it is no part of what takes long below.
  const gateway = await stage.start();
  await stage.slack.waitForReaction(await stage.slack.post('ada', 'platform-eng', '@bellhop hello'), 'eyes', 30_000);
  await gateway.stop();
}, 60_000);
afterAll(() => stage?.[Symbol.asyncDispose]());

const start = () =>
  stage.start({
    overdueMs: 1_000,
    sweepMs: 200,
    gate() {
      if (!isTemporalThere) throw new Error('Temporal is away');
    },
  });
const rowsOf = async (session: string) =>
  (
    await stage.db.database.query('select id, kind, state, attempts from inbox where session = $1 order by id', [
      session,
    ])
  ).rows;
const textsOf = async (session: string) =>
  (
    await stage.db.database.query(
      "select body ->> 'text' as text from outbox where session = $1 and kind = 'message'",
      [session],
    )
  ).rows.map(({ text }) => text);

/** A round of housekeeping, a minute later. */
async function aMinuteLater(session: string): Promise<void> {
  const { database } = stage.db;
  await database.query("update inbox set delivered_at = delivered_at - interval '1 minute' where session = $1", [
    session,
  ]);
  const { endAbandonedTurns } = createHousekeepingActivities({
    database,
    client: stage.temporal.client,
    endAbandonedTurn: createEndAbandonedTurn({ database }),
    isSessionOpen,
    retention: {} as never,
    log: { info: () => undefined, warn: () => undefined } as never,
    clock: Date.now,
  });
  await endAbandonedTurns();
}

test('a mention whose workflow is lost before it began a turn is signalled again, and in the end given up in words', async () => {
  const gateway = await start();
  const message = await stage.slack.post('ada', 'platform-eng', '@bellhop please do');
  await stage.slack.waitForReaction(message, 'eyes');
  const session = stage.sessionOf(message);
  // While the workflow is open, nothing is done.
  await aMinuteLater(session);
  expect(await stage.runs(session)).toBe(1);

  await stage.temporal.client.workflow.getHandle(session).terminate('lost');
  await aMinuteLater(session);
  await until(async () => (await stage.runs(session)) === 2, 'another run');
  expect(await textsOf(session)).toEqual([]);

  // Its workflow cannot begin a turn, however often it is started.
  await stage.temporal.client.workflow.getHandle(session).terminate('lost again');
  await stage.db.database.query('update inbox set attempts = 10 where session = $1', [session]);
  await aMinuteLater(session);
  expect(await rowsOf(session)).toMatchObject([{ state: 'context' }]);
  expect(await textsOf(session)).toEqual([`${FAILURES.SessionEnded.thread} Mention me to go on.`]);
  await aMinuteLater(session);
  expect(await stage.runs(session)).toBe(2);
  await gateway.stop();
}, 60_000);

test('a stop that finds no workflow also stops what was signalled to it', async () => {
  const gateway = await start();
  const message = await stage.slack.post('ada', 'platform-eng', '@bellhop delete the old branches');
  await stage.slack.waitForReaction(message, 'eyes');
  const session = stage.sessionOf(message);
  await stage.temporal.client.workflow.getHandle(session).terminate('lost');
  await stage.slack.post('ada', 'platform-eng', '@bellhop stop', { threadTs: message.ts });
  await until(async () => (await textsOf(session)).length === 1, 'the word that nothing runs');
  expect(await textsOf(session)).toEqual([expect.stringContaining('what waited here is not begun')]);
  expect(await rowsOf(session)).toMatchObject([
    { kind: 'message', state: 'context' },
    { kind: 'stop', state: 'answered' },
  ]);
  await gateway.stop();
}, 60_000);

test('a stop in the thread of a scheduled task that waits keeps it from beginning', async () => {
  const gateway = await start();
  const opening = await stage.slack.post('ada', 'platform-eng', 'Scheduled task nightly');
  const session = stage.sessionOf(opening);
  isTemporalThere = false;
  const entry = {
    eventId: 'schedule:nightly:1',
    kind: 'schedule',
    team: TEAM,
    channel: opening.channel,
    threadTs: opening.ts,
    ts: opening.ts,
    author: 'schedule:nightly',
    authorClass: 'member',
    address: 'schedule',
    text: 'delete what is old',
    files: [],
  } as const;
  await keepEntries(stage.db.database, [{ keep: 'always', entry }]);
  await until(async () => (await rowsOf(session))[0]?.attempts > 0, 'an attempt to hand it over');
  await stage.slack.post('ada', 'platform-eng', '@bellhop stop', { threadTs: opening.ts });
  await until(async () => (await rowsOf(session))[1]?.attempts > 0, 'an attempt to hand the stop over');
  // An attempt that began before the stop may start a run, which finds nothing to do.
  await until(async () => {
    const { rows } = await stage.db.database.query(
      'select 1 from inbox where session = $1 and overtaken and (claimed_until is null or claimed_until < now())',
      [session],
    );
    return rows.length === 1;
  }, 'no attempt on the task to be under way');
  isTemporalThere = true;
  await until(async () => (await textsOf(session)).length === 1, 'the word that nothing runs');
  await until(async () => (await rowsOf(session))[0]?.state === 'context', 'the task to be overtaken');
  expect(await stage.runs(session)).toBe(0);
  await gateway.stop();
}, 60_000);

test('a notice that the work cannot begin is taken back when it begins', async () => {
  const gateway = await start();
  isTemporalThere = false;
  // Slack takes one message a second in a channel, and this one is first.
  const first = await stage.slack.post('ada', 'platform-eng', '@bellhop one');
  const messages = [first];
  for (let n = 0; n < 15; n += 1) messages.push(await stage.slack.post('ada', 'platform-eng', `@bellhop more ${n}`));
  const late = async (where = '') =>
    (await stage.db.database.query(`select 1 from outbox where key like '%/late' ${where}`)).rowCount ?? 0;
  await until(async () => (await late()) >= 16, 'every notice to be written', 20_000);
  isTemporalThere = true;
  for (const message of messages) await stage.slack.waitForReaction(message, 'eyes');
  await putMessage(stage.db.database, {
    key: `${stage.sessionOf(first)}/1/answer`,
    team: TEAM,
    channel: first.channel,
    threadTs: first.ts,
    body: { kind: 'answer', text: 'Done.' },
    final: true,
  });
  await until(
    async () => (await late('and sent_revision < revision and failed is null')) === 0,
    'no notice to wait',
    30_000,
  );
  expect(await late("and failed = 'expired'")).toBeGreaterThan(0);
  await gateway.stop();
}, 90_000);

test('a stop that Slack sent to nobody is caught up, whatever people said to each other after it', async () => {
  const { slack } = stage;
  const first = await start();
  const message = await slack.post('ada', 'platform-eng', '@bellhop long work');
  await slack.waitForReaction(message, 'eyes');
  await slack.fault({ loseEvents: 1_000 });
  await slack.post('ada', 'platform-eng', '@bellhop stop', { threadTs: message.ts });
  await slack.clearFaults();
  const talk = await slack.post('grace', 'platform-eng', '@linus look at this', { threadTs: message.ts });
  await until(
    async () => (await stage.inbox()).some(({ ts, state }) => ts === talk.ts && state === 'context'),
    'the talk',
  );
  await first.stop();
  const second = await start();
  await until(
    async () => (await stage.signals(stage.sessionOf(message))).some(({ name }) => name === 'stop'),
    'the stop to be caught up',
    30_000,
  );
  await second.stop();
}, 90_000);

test('a mention that Slack sent to nobody is answered, also when somebody mentions the agent in its thread before it is caught up', async () => {
  const { slack } = stage;
  const began = new Date();
  const gateway = await start();
  await until(() => stage.isCaughtUp(began), 'the first catch-up', 30_000);
  await slack.fault({ loseEvents: 1_000 });
  const lost = await slack.post('grace', 'platform-eng', '@bellhop restart the database');
  await slack.post('ada', 'platform-eng', 'I saw that too', { threadTs: lost.ts });
  await slack.clearFaults();
  const second = await slack.post('ada', 'platform-eng', '@bellhop are you there?', { threadTs: lost.ts });
  await slack.waitForReaction(second, 'eyes');
  await slack.waitForReaction(lost, 'eyes');
  const rows = (await stage.inbox()).filter(({ thread_ts }) => thread_ts === lost.ts);
  const byTs = rows.sort((a, b) => Number(a.ts) - Number(b.ts));
  expect(byTs).toMatchObject([
    { state: 'delivered', address: 'mention' },
    { state: 'context', address: 'thread' },
    { state: 'delivered', address: 'mention' },
  ]);
  expect((await stage.signals(stage.sessionOf(lost))).map(({ name }) => name)).toEqual(['message', 'message']);
  await gateway.stop();
}, 60_000);

test('a stop that is stored after what was said behind it ends nothing, and says so', async () => {
  const gateway = await start();
  const message = await stage.slack.post('ada', 'platform-eng', '@bellhop first');
  await stage.slack.waitForReaction(message, 'eyes');
  const session = stage.sessionOf(message);
  const { rows } = await stage.db.database.query('select author from inbox where session = $1', [session]);
  const next = await stage.slack.post('ada', 'platform-eng', '@bellhop do this instead', { threadTs: message.ts });
  await stage.slack.waitForReaction(next, 'eyes');
  // Slack sends again what a gateway could not store.
  const ts = ((Number(message.ts) + Number(next.ts)) / 2).toFixed(6);
  const entry = {
    eventId: `stop:${ts}`,
    kind: 'stop',
    team: TEAM,
    channel: message.channel,
    threadTs: message.ts,
    ts,
    author: rows[0].author,
    authorClass: 'unknown',
    address: 'mention',
    text: '<@UBOT> stop',
    files: [],
  } as const;
  await keepEntries(stage.db.database, [{ keep: 'always', entry }]);
  await stage.slack.waitForWhisper('ada', /reached me after what was said behind it/);
  expect(await textsOf(session)).toEqual([]);
  expect((await stage.signals(session)).map(({ name }) => name)).toEqual(['message', 'message']);
  // A stop that is said now ends it.
  await stage.slack.post('ada', 'platform-eng', '@bellhop stop', { threadTs: message.ts });
  await until(async () => (await stage.signals(session)).some(({ name }) => name === 'stop'), 'the stop');
  await gateway.stop();
}, 60_000);
