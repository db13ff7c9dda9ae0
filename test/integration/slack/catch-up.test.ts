import { SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import {
  CatchUpLeaseLost,
  finishCatchUp,
  renewCatchUpLease,
  requestCatchUp,
  saveChannelRead,
  takeCatchUpLease,
} from '../../../store/catch-up.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { refillBuckets } from '../../support/refill-buckets.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;

beforeAll(async () => {
  stage = await startGatewayStage();
}, 60_000);
afterEach(() => stage.slack.clearFaults());
afterAll(() => stage?.[Symbol.asyncDispose]());

async function watermark(): Promise<Date | undefined> {
  return (await stage.db.database.query('select min(seen_until) as at from slack_watermark')).rows[0]?.at ?? undefined;
}

test('nothing said before the very first start is answered', async () => {
  const { slack } = stage;
  const old = await slack.post('ada', 'platform-eng', '@bellhop from before');
  const gateway = await stage.start();
  await until(async () => (await watermark()) !== undefined, 'the watermark');
  expect((await stage.inbox()).some((row) => row.ts === old.ts)).toBe(false);
  await gateway.stop();
});

test('what was said while nobody was connected, and that Slack never sent, is read on connecting', async () => {
  const { slack } = stage;
  const first = await stage.start();
  const thread = await slack.post('ada', 'platform-eng', '@bellhop begin');
  await slack.waitForReaction(thread, 'eyes');
  await first.stop();
  await slack.fault({ loseEvents: 1_000 });
  const mention = await slack.post('grace', 'general', '@bellhop did you hear me?');
  const followUp = await slack.post('ada', thread.channel, 'and another thing', { threadTs: thread.ts });
  const chatter = await slack.post('linus', 'general', 'not for you');
  const second = await stage.start();
  await slack.waitForReaction(mention, 'eyes');
  await slack.waitForReaction(followUp, 'eyes');
  expect((await stage.inbox()).some((row) => row.ts === chatter.ts)).toBe(false);
  expect(await stage.signals(stage.sessionOf(mention))).toHaveLength(1);
  expect(await stage.signals(stage.sessionOf(thread))).toHaveLength(2);
  await second.stop();
}, 30_000);

test('the first direct message of a person, said while nobody was connected, is answered', async () => {
  const { slack } = stage;
  // Grace opened the conversation before the gap and wrote nothing; Linus opens it in the gap.
  const opened = await slack.openDm('grace');
  const first = await stage.start();
  await until(async () => (await watermark()) !== undefined, 'the watermark');
  await first.stop();
  await slack.fault({ loseEvents: 1_000 });
  const fresh = await slack.post('linus', await slack.openDm('linus'), 'are you there?');
  const old = await slack.post('grace', opened, 'and for me?');
  const second = await stage.start();
  await slack.waitForReaction(fresh, 'eyes');
  await slack.waitForReaction(old, 'eyes');
  expect(await stage.signals(stage.sessionOf(fresh))).toHaveLength(1);
  await second.stop();
}, 30_000);

test('what was said while nobody was connected counts as it reads after an edit; an edit of what was heard does not', async () => {
  const { slack } = stage;
  const first = await stage.start();
  const heard = await slack.post('ada', 'platform-eng', 'heard, and not for you');
  const seen = await watermark();
  await until(
    async () => Number(await watermark()) > Math.max(Number(seen), Number(heard.ts) * 1_000),
    'the watermark',
  );
  await first.stop();
  await slack.fault({ loseEvents: 1_000 });
  await slack.edit('ada', heard, '@bellhop on second thought');
  const mention = await slack.post('grace', 'general', '@bellhop did you haer me?');
  await slack.edit('grace', mention, '@bellhop did you hear me?');
  const second = await stage.start();
  await slack.waitForReaction(mention, 'eyes');
  const rows = await stage.inbox();
  expect(rows.find((row) => row.ts === mention.ts)?.text).toBe('did you hear me?');
  expect(rows.some((row) => row.ts === heard.ts)).toBe(false);
  await second.stop();
}, 30_000);

test('a place that Slack does not show us any more keeps nobody from being heard', async () => {
  const { slack } = stage;
  const first = await stage.start();
  const thread = await slack.post('ada', 'platform-eng', '@bellhop begin');
  await slack.waitForReaction(thread, 'eyes');
  const left = await slack.post('ada', 'general', '@bellhop begin here');
  await slack.waitForReaction(left, 'eyes');
  await first.stop();
  await slack.fault({ loseEvents: 1_000 });
  await slack.dismiss('general', 'bellhop');
  const followUp = await slack.post('ada', thread.channel, 'and another thing', { threadTs: thread.ts });
  const before = await watermark();
  const second = await stage.start();
  await slack.waitForReaction(followUp, 'eyes');
  await until(async () => Number(await watermark()) > Number(before), 'the watermark to move on');
  expect(stage.logged).toContainEqual(
    expect.objectContaining({
      fields: expect.objectContaining({ channel: left.channel, code: 'not_in_channel' }),
      message: expect.stringContaining('passed over'),
    }),
  );
  await second.stop();
  await slack.invite('general', 'bellhop');
}, 30_000);

test('a rate limit in the middle is waited for, and what was read before is not read again', async () => {
  const { slack, db } = stage;
  const first = await stage.start();
  const thread = await slack.post('ada', 'platform-eng', '@bellhop begin');
  await slack.waitForReaction(thread, 'eyes');
  await first.stop();
  await slack.fault({ loseEvents: 1_000 });
  const followUp = await slack.post('ada', thread.channel, 'and another thing', { threadTs: thread.ts });
  await refillBuckets(db);
  const listings = async () =>
    (await slack.calls('conversations.list')).filter(({ args }) => args.types !== 'im').length;
  const listed = await listings();
  await slack.fault({ rateLimit: 'conversations.replies', times: 1, retryAfter: 2 });
  const second = await stage.start();
  await slack.waitForReaction(followUp, 'eyes', 20_000);
  expect(await listings()).toBe(listed + 1);
  await second.stop();
}, 40_000);

test.each(['refresh_requested', 'abrupt'])(
  'a connection that ends (%s) is replaced, and what came between is read',
  async (how) => {
    const { slack } = stage;
    const gateway = await stage.start();
    await slack.fault({ loseEvents: 1_000 });
    await slack.fault({ disconnect: how });
    const mention = await slack.post('ada', 'platform-eng', `@bellhop through the gap (${how})`);
    await slack.waitForReaction(mention, 'eyes', 20_000);
    await slack.clearFaults();
    await until(async () => (await slack.state()).app.connected, 'the connection', 20_000);
    const live = await slack.post('ada', 'platform-eng', '@bellhop live again');
    await slack.waitForReaction(live, 'eyes');
    await gateway.stop();
  },
  40_000,
);

test('a stop that is heard late does not end what was asked since', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  const thread = await slack.post('ada', 'platform-eng', '@bellhop begin');
  await slack.waitForReaction(thread, 'eyes');
  await slack.fault({ loseEvents: 1_000 });
  await slack.post('ada', thread.channel, '@bellhop stop', { threadTs: thread.ts });
  await slack.clearFaults();
  const since = await slack.post('ada', thread.channel, '@bellhop do this instead', { threadTs: thread.ts });
  await slack.waitForReaction(since, 'eyes');
  await slack.fault({ loseEvents: 1_000 });
  const lost = await slack.post('ada', thread.channel, '@bellhop and this', { threadTs: thread.ts });
  await slack.fault({ disconnect: 'abrupt' });
  await slack.waitForReaction(lost, 'eyes', 20_000);
  const names = (await stage.signals(stage.sessionOf(thread))).map((signal) => signal.name);
  expect(names).toEqual(['message', 'message', 'message']);
  await gateway.stop();
}, 40_000);

test('while Slack refuses connections the gateway goes on trying', async () => {
  const { slack } = stage;
  await slack.fault({ failWith: 'apps.connections.open', error: 'internal_error', times: 3 });
  const gateway = await stage.start();
  const mention = await slack.post('ada', 'platform-eng', '@bellhop there you are');
  await slack.waitForReaction(mention, 'eyes');
  await gateway.stop();
}, 30_000);

test('more channels than Slack lists in one go are read to their end', async () => {
  const { slack, db } = stage;
  const { world } = slack.simulator;
  const [general] = world.channels.values();
  for (let i = 0; i < 450; i += 1) {
    const id = `C${String(i).padStart(10, '0')}`;
    if (general) world.channels.set(id, { ...general, id, name: `many-${i}`, isGeneral: false, members: [] });
  }
  await refillBuckets(db);
  await db.database.query('delete from channel');
  const scarce = { ...SLACK_LIMITS, 'conversations.list': { capacity: 1, perSecond: 1 } };
  const gateway = await stage.start({ limits: scarce });
  await until(
    async () => (await db.database.query("select 1 from channel where name like 'many-%'")).rowCount === 450,
    'every channel to be known',
    20_000,
  );
  await gateway.stop();
}, 40_000);

test('of two gateways one catches up at a time, and a late one of them writes nothing more', async () => {
  const { db } = stage;
  await db.database.query('truncate slack_catch_up, slack_catch_up_place, slack_watermark');
  await requestCatchUp(db.database, TEAM, 'a', 3_600_000);
  const a = await takeCatchUpLease(db.database, TEAM, 'a');
  expect(a).not.toBeNull();
  expect(await takeCatchUpLease(db.database, TEAM, 'b')).toBeNull();
  await db.database.query("update slack_catch_up set held_until = now() - interval '1 second'");
  const b = await takeCatchUpLease(db.database, TEAM, 'b');
  if (!a || !b) throw new Error('no lease');
  await expect(renewCatchUpLease(db.database, a)).rejects.toBeInstanceOf(CatchUpLeaseLost);
  await saveChannelRead(db.database, a, 'C1', new Date(), []);
  expect((await db.database.query('select 1 from slack_catch_up_place')).rowCount).toBe(0);
  expect(await finishCatchUp(db.database, a, new Date())).toBe(false);
  // More was asked for meanwhile.
  const { neededUntil } = await renewCatchUpLease(db.database, b);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await requestCatchUp(db.database, TEAM, 'a', null);
  expect(await finishCatchUp(db.database, b, neededUntil)).toBe(false);
  expect(await finishCatchUp(db.database, b, (await renewCatchUpLease(db.database, b)).neededUntil)).toBe(true);
});
