import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import { refillBuckets } from '../../support/refill-buckets.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;

const away = { all: false };

beforeAll(async () => {
  stage = await startGatewayStage();
}, 60_000);
beforeEach(() => refillBuckets(stage.db));
afterEach(() => {
  away.all = false;
});
afterAll(() => stage?.[Symbol.asyncDispose]());

const gate = () => {
  if (away.all) throw new Error('Temporal is away');
};

test('while Temporal is away messages are kept, told about once, and started when it is back', async () => {
  const { slack } = stage;
  const gateway = await stage.start({ gate, overdueMs: 400, sweepMs: 100 });
  away.all = true;
  const mention = await slack.post('ada', 'platform-eng', '@bellhop as soon as you can');
  await slack.waitForAnswer(mention, /starts by itself/);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await slack.answers(mention)).toHaveLength(1);
  expect((await slack.thread(mention))[0]?.reactions).toEqual([]);
  away.all = false;
  await slack.waitForReaction(mention, 'eyes');
  expect(await stage.signals(stage.sessionOf(mention))).toHaveLength(1);
  expect(await slack.answers(mention)).toHaveLength(1);
  await gateway.stop();
});

test('status is answered while Temporal is away', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start({ gate });
  const mention = await slack.post('ada', 'platform-eng', '@bellhop work');
  await slack.waitForReaction(mention, 'eyes');
  const session = stage.sessionOf(mention);
  await db.database.query(
    `insert into turn (session, number, claim, requester, started_at)
     values ($1, 1, 'test', 'U0000000ADA', now() - interval '90 seconds')`,
    [session],
  );
  away.all = true;
  await slack.post('grace', mention.channel, '@bellhop status', { threadTs: mention.ts });
  const answer = await slack.waitForWhisper('grace', /Working · getting ready · 1 min 3\d s\nAsked by ada\./);
  expect(answer.text).toMatch(/1 message waits for me/);
  await gateway.stop();
});

test('a stop overtakes what still waits before it', async () => {
  const { slack } = stage;
  const gateway = await stage.start({ gate });
  away.all = true;
  const mention = await slack.post('ada', 'platform-eng', '@bellhop do something rash');
  await until(async () => (await stage.inbox()).some((row) => row.ts === mention.ts), 'the row');
  await slack.post('ada', mention.channel, '@bellhop stop', { threadTs: mention.ts });
  await until(async () => {
    return (await stage.inbox()).find((row) => row.ts === mention.ts)?.state === 'context';
  }, 'the message to become context');
  away.all = false;
  await slack.waitForAnswer(mention, /Nothing is running/);
  expect(await stage.runs(stage.sessionOf(mention))).toBe(0);
  await gateway.stop();
});

test('a stop given while Temporal was away does not end what was asked after it', async () => {
  const { slack } = stage;
  const gateway = await stage.start({ gate });
  const thread = await slack.post('ada', 'platform-eng', '@bellhop begin');
  await slack.waitForReaction(thread, 'eyes');
  away.all = true;
  const stop = await slack.post('ada', thread.channel, '@bellhop stop', { threadTs: thread.ts });
  await until(async () => (await stage.inbox()).some((row) => row.ts === stop.ts && Number(row.attempts) > 1), 'a try');
  const instead = await slack.post('ada', thread.channel, '@bellhop do this instead', { threadTs: thread.ts });
  await until(async () => (await stage.inbox()).some((row) => row.ts === instead.ts && row.attempts), 'a try');
  // The stop is tried again later than the message.
  await stage.db.database.query("update inbox set not_before = now() + interval '2 seconds' where ts = $1", [stop.ts]);
  away.all = false;
  await slack.waitForReaction(instead, 'eyes');
  const names = (await stage.signals(stage.sessionOf(thread))).map((signal) => signal.name);
  expect(names).toEqual(['message', 'stop', 'message']);
  await gateway.stop();
}, 30_000);

test('a gateway that dies once its stop was signalled leaves nothing that ends newer work', async () => {
  const { slack, db } = stage;
  const first = await stage.start();
  const thread = await slack.post('ada', 'platform-eng', '@bellhop begin');
  await slack.waitForReaction(thread, 'eyes');
  const stop = await slack.post('ada', thread.channel, '@bellhop stop', { threadTs: thread.ts });
  await slack.waitForReaction(stop, 'octagonal_sign');
  await first.stop();
  // What it leaves behind when it dies before its own note of it.
  await db.database.query(
    "update inbox set state = 'received', claimed_until = now() + interval '2 seconds' where ts = $1",
    [stop.ts],
  );
  const second = await stage.start();
  const next = await slack.post('ada', thread.channel, '@bellhop do this instead', { threadTs: thread.ts });
  await slack.waitForReaction(next, 'eyes');
  const names = (await stage.signals(stage.sessionOf(thread))).map((signal) => signal.name);
  expect(names).toEqual(['message', 'stop', 'stop', 'message']);
  await second.stop();
}, 30_000);

test('a stop does not wait for what Slack says of the channel', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  const thread = await slack.post('ada', 'platform-eng', '@bellhop begin');
  await slack.waitForReaction(thread, 'eyes');
  await slack.fault({ failWith: 'conversations.info', error: 'internal_error', times: 1_000 });
  await db.database.query('delete from channel');
  await slack.post('ada', thread.channel, '@bellhop stop', { threadTs: thread.ts });
  await until(async () => (await stage.signals(stage.sessionOf(thread))).length === 2, 'the stop signal');
  await slack.clearFaults();
  await gateway.stop();
}, 30_000);

test('what a stop overtook before its author was known is judged like anything else', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  await slack.deactivate('edsger');
  const thread = await slack.post('ada', 'platform-eng', '@bellhop begin');
  await slack.waitForReaction(thread, 'eyes');
  await db.database.query("delete from person where id <> 'U0000000ADA'");
  await slack.fault({ failWith: 'users.info', error: 'internal_error', times: 1_000 });
  const place = { threadTs: thread.ts, raw: true };
  const stranger = await slack.post('edsger', thread.channel, '<@U000BELLHOP> leak &amp; run', place);
  const member = await slack.post('grace', thread.channel, '<@U000BELLHOP> this &amp; that', place);
  await until(async () => {
    const waiting = (await stage.inbox()).filter((row) => [stranger.ts, member.ts].includes(String(row.ts)));
    return waiting.length === 2 && waiting.every((row) => row.state === 'received' && row.attempts);
  }, 'both to wait');
  const stop = await slack.post('ada', thread.channel, '@bellhop stop', { threadTs: thread.ts });
  await slack.waitForReaction(stop, 'octagonal_sign');
  await slack.clearFaults();
  await slack.waitForAnswer(thread, /could not tell me who you are/);
  const rowOf = async ({ ts }: { ts: string }) => (await stage.inbox()).find((row) => row.ts === ts);
  await until(async () => (await rowOf(member))?.state === 'context', 'the message to become context');
  expect(await rowOf(member)).toMatchObject({ author_class: 'member', text: 'this & that' });
  // Refused, and read as context with its class, as people see it in the thread.
  expect(await rowOf(stranger)).toMatchObject({ state: 'context', author_class: 'unknown' });
  const names = (await stage.signals(stage.sessionOf(thread))).map((signal) => signal.name);
  expect(names).toEqual(['message', 'stop']);
  await gateway.stop();
}, 30_000);

test('a stop overtakes a message that is just being handed over', async () => {
  const { slack, db } = stage;
  const began = new Date();
  const gateway = await stage.start();
  await until(() => stage.isCaughtUp(began), 'the catch-up, which reads threads as well');
  await refillBuckets(db);
  const thread = await slack.post('grace', 'platform-eng', 'some talk');
  await slack.fault({ delayMs: 'conversations.replies', ms: 6_000, times: 1 });
  const mention = await slack.post('ada', thread.channel, '@bellhop this &amp; that', {
    threadTs: thread.ts,
  });
  const asked = "select 1 from rate_bucket where method = 'conversations.replies' and tokens < 50";
  await until(async () => (await db.database.query(asked)).rowCount === 1, 'the thread to be asked for');
  await slack.post('ada', thread.channel, '@bellhop stop', { threadTs: thread.ts });
  await slack.waitForAnswer(thread, /Nothing is running/);
  const state = async () => (await stage.inbox()).find((row) => row.ts === mention.ts)?.state;
  expect(await state()).toBe('received');
  await until(async () => (await state()) === 'context', 'the message to become context');
  const session = stage.sessionOf(thread);
  expect((await db.database.query('select 1 from session where id = $1', [session])).rowCount).toBe(0);
  expect(await stage.runs(session)).toBe(0);
  await gateway.stop();
}, 30_000);

test('among many messages that cannot be delivered, status is answered at once', async () => {
  const { slack } = stage;
  const slowly = async () => {
    if (!away.all) return;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    throw new Error('Temporal is away');
  };
  const gateway = await stage.start({ gate: slowly });
  away.all = true;
  const waiting = [];
  for (let i = 0; i < 36; i += 1) waiting.push(await slack.post('ada', 'general', `@bellhop task ${i}`));
  await until(
    async () => (await stage.inbox()).filter((row) => row.state === 'delivered' && !row.delivered_at).length >= 32,
    'every place to be taken',
  );
  await slack.post('grace', 'platform-eng', '@bellhop status');
  await slack.waitForWhisper('grace', /not working in this thread/, 5_000);
  away.all = false;
  for (const mention of waiting) await slack.waitForReaction(mention, 'eyes', 30_000);
  await gateway.stop();
}, 60_000);

test('one row that always fails keeps nobody waiting', async () => {
  const { slack, db } = stage;
  const first = await stage.start();
  await slack.waitForApp();
  await first.stop();
  for (let i = 0; i < 40; i += 1) {
    await db.database.query(
      `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, files)
       values ($1, 'message', 'T000000ACME', 'C00PLATFORM', $2, $2, 'U0000000ADA', 'unknown', 'mention', '{"not": "a list"}')`,
      [`poisoned-${i}`, `${i + 1}.000001`],
    );
  }
  const gateway = await stage.start();
  const mention = await slack.post('ada', 'platform-eng', '@bellhop behind the poison');
  await slack.waitForReaction(mention, 'eyes', 5_000);
  expect(stage.logged.some(({ message }) => message.startsWith('not delivered'))).toBe(true);
  await gateway.stop();
  await db.database.query("delete from inbox where event_id like 'poisoned-%'");
});

test('a database that is away for a moment loses nothing: Slack sends again what was not acknowledged', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  await db.database.query('alter table inbox rename to inbox_away');
  const mention = await slack.post('ada', 'platform-eng', '@bellhop hold on');
  await until(() => stage.logged.some(({ message }) => message.startsWith('an event could not be stored')), 'a miss');
  await db.database.query('alter table inbox_away rename to inbox');
  await slack.waitForReaction(mention, 'eyes', 15_000);
  expect(await stage.signals(stage.sessionOf(mention))).toHaveLength(1);
  await gateway.stop();
});
