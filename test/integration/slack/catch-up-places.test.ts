import { SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import { contention } from '../../support/contention.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import { refillBuckets } from '../../support/refill-buckets.ts';
import { until } from '../../support/until.ts';

let stage: GatewayStage;

beforeAll(async () => {
  stage = await startGatewayStage();
}, 60_000);
afterEach(() => stage.slack.clearFaults());
afterAll(() => stage?.[Symbol.asyncDispose]());

describe('a catch-up over many places', () => {
  const scarce = (perSecond: number) => ({
    ...SLACK_LIMITS,
    'conversations.history': { capacity: 4, perSecond },
    'conversations.replies': { capacity: 4, perSecond },
  });
  /** `count` more channels that the app is in and nobody has written in. */
  function addChannels(count: number, prefix: string): void {
    const { world } = stage.slack.simulator;
    const general = world.channel('general');
    for (let n = 0; n < count; n += 1) {
      const id = `C${prefix}${String(n).padStart(5, '0')}`;
      if (general) world.channels.set(id, { ...general, id, name: `${prefix.toLowerCase()}-${n}`, isGeneral: false });
    }
  }
  const caughtUp = async (): Promise<boolean> => {
    const { rows } = await stage.db.database.query<{ done: boolean }>(
      'select done_until >= needed_until as done from slack_catch_up',
    );
    return rows[0]?.done ?? false;
  };

  test('threads in which nothing was said since are not read again', async () => {
    const { slack, db } = stage;
    await refillBuckets(db);
    const start = new Date();
    const first = await stage.start();
    await until(() => stage.isCaughtUp(start), 'the first catch-up', 20_000);
    const threads = [];
    for (let n = 0; n < 20; n += 1) threads.push(await slack.post('ada', 'platform-eng', `@bellhop task ${n}`));
    for (const thread of threads) await slack.waitForReaction(thread, 'eyes', 60_000);
    await first.stop();
    // They were last busy two days ago, in a channel that is still in use.
    await db.database.query("update session set changed_at = now() - interval '2 days'");
    await db.database.query("update slack_watermark set seen_until = now() + interval '1 second'");
    await refillBuckets(db);
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await slack.fault({ loseEvents: 1_000 });
    const [, , old] = threads;
    const followUp = await slack.post('ada', 'platform-eng', 'and another thing', { threadTs: old?.ts ?? '' });
    const began = new Date();
    const before = (await slack.calls('conversations.replies')).length;
    const second = await stage.start({ catchUp: { overlapMs: 0 } });
    await slack.waitForReaction(followUp, 'eyes', 20_000);
    await until(() => stage.isCaughtUp(began), 'the catch-up');
    const read = (await slack.calls('conversations.replies')).slice(before).map(({ args }) => args.ts);
    expect(read).toEqual([old?.ts]);
    await second.stop();
  }, 120_000);

  test('where somebody was active lately is read at once, however many quiet channels there are', async () => {
    const { slack, db } = stage;
    const first = await stage.start();
    const thread = await slack.post('ada', 'general', '@bellhop begin');
    await slack.waitForReaction(thread, 'eyes');
    await first.stop();
    addChannels(40, 'QUIET');
    await slack.fault({ loseEvents: 1_000 });
    const mention = await slack.post('grace', 'general', '@bellhop are you there?');
    await refillBuckets(db);
    const began = performance.now();
    const second = await stage.start({ limits: scarce(2) });
    await slack.waitForReaction(mention, 'eyes', 5_000);
    expect(performance.now() - began).toBeLessThan(5_000 * contention());
    expect(await caughtUp()).toBe(false);

    // A second gap extends the pass: what is said in it is not kept waiting until the first one ends.
    await slack.fault({ disconnect: 'abrupt' });
    const again = await slack.post('grace', 'general', '@bellhop and now?');
    await slack.waitForReaction(again, 'eyes', 10_000);
    expect(await caughtUp()).toBe(false);
    await second.stop();
  }, 60_000);

  test('after a restart the pass goes on where it was, and channels that wait longest have their turn', async () => {
    const { db } = stage;
    const place = 'select count(*)::int as count from slack_catch_up_place';
    await db.database.query('truncate slack_catch_up_place');
    const first = await stage.start({ limits: scarce(4) });
    const read = async (): Promise<number> => (await db.database.query(place)).rows[0]?.count ?? 0;
    await until(async () => (await read()) >= 5, 'some places to be read', 20_000);
    await first.stop();
    const kept = await read();
    const before = await db.database.query('select channel, read_until from slack_catch_up_place');
    const second = await stage.start({ limits: scarce(4) });
    await until(async () => (await read()) > kept, 'more places to be read', 20_000);
    const after = await db.database.query('select channel, read_until from slack_catch_up_place');
    const channels = new Set(after.rows.map((row) => row.channel));
    for (const row of before.rows) expect(channels).toContain(row.channel);
    await second.stop();
  }, 60_000);
});
