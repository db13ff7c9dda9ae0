import { randomUUID } from 'node:crypto';
import type { ShownBody } from '../../../store/outbox.ts';
import { putMessage, retireMessage } from '../../../store/outbox.ts';
import { contention } from '../../support/contention.ts';
import { type GatewayStage, startGatewayStage, TEAM } from '../../support/gateway-stage.ts';
import { refillBuckets } from '../../support/refill-buckets.ts';
import { everyText, type SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';
import { notice, putInto, untilSent, working } from './support/outbox-rows.ts';

let stage: GatewayStage;
let thread: SimMessage;

beforeAll(async () => {
  stage = await startGatewayStage();
}, 60_000);
beforeEach(async () => {
  // Real limits, fresh for each test.
  await refillBuckets(stage.db);
  thread = await stage.slack.post('ada', 'platform-eng', 'a thread of its own');
});
afterEach(() => stage.slack.clearFaults());
afterAll(() => stage?.[Symbol.asyncDispose]());

const put = (key: string, body: ShownBody, final: boolean) => putInto(stage, thread, key, body, final);
const sent = (key: string) => untilSent(stage, key);

test('a post that took effect although its answer was lost is found again: one message, the final one', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  await slack.fault({ acceptThenDrop: 'chat.postMessage' });
  const key = randomUUID();
  await put(key, working(1), false);
  await until(async () => (await slack.answers(thread)).length === 1, 'the placeholder');
  await put(key, { kind: 'answer', text: 'The end.' }, true);
  await slack.waitForAnswer(thread, /The end/);
  await sent(key);
  expect(await slack.answers(thread)).toHaveLength(1);
  await gateway.stop();
}, 30_000);

test('a message that opens a thread of its own is found again as well', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  await slack.fault({ acceptThenDrop: 'chat.postMessage' });
  const key = randomUUID();
  await putMessage(db.database, {
    key,
    team: TEAM,
    channel: thread.channel,
    threadTs: null,
    body: notice(`opening ${key}`),
    final: true,
  });
  await sent(key);
  expect((await slack.state()).messages.filter((each) => each.text.includes(key))).toHaveLength(1);
  await gateway.stop();
}, 30_000);

test('a sender killed in the middle of a post leaves one message, which the next sender finishes', async () => {
  const { slack, db } = stage;
  const key = randomUUID();
  await put(key, working(1), false);
  // What a process leaves behind that died between Slack's acceptance and its own note of it.
  const { rows } = await db.database.query<{ mark: string }>(
    `update outbox set unsure = true, attempts = 1, claimed_until = now() + interval '1 second' where key = $1
     returning mark`,
    [key],
  );
  await fetch(new URL('chat.postMessage', slack.apiUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${slack.tokens.bot}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      channel: thread.channel,
      thread_ts: thread.ts,
      text: 'Working',
      metadata: { event_type: 'bellhop_message', event_payload: { mark: rows[0]?.mark } },
    }),
  });
  await put(key, { kind: 'answer', text: 'Finished by the next.' }, true);
  const gateway = await stage.start();
  await slack.waitForAnswer(thread, /Finished by the next/);
  expect(await slack.answers(thread)).toHaveLength(1);
  await gateway.stop();
}, 30_000);

test('two senders at once post every message once', async () => {
  const { slack } = stage;
  const gateways = await Promise.all([stage.start(), stage.start()]);
  const keys = Array.from({ length: 8 }, () => randomUUID());
  await Promise.all(keys.map((key) => put(key, notice(`said ${key}`), true)));
  await Promise.all(keys.map(sent));
  const said = (await slack.answers(thread)).map((each) => each.text);
  expect(said.sort()).toEqual(keys.map((key) => `said ${key}`).sort());
  await Promise.all(gateways.map((gateway) => gateway.stop()));
}, 30_000);

test('every post answered with 429 for a while: the notice arrives once, and Retry-After is honoured', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  const before = (await slack.calls('chat.postMessage')).length;
  await slack.fault({ rateLimit: 'chat.postMessage', times: 3, retryAfter: 1 });
  const key = randomUUID();
  const began = Date.now();
  await put(key, notice('patience'), true);
  await slack.waitForAnswer(thread, /patience/);
  expect(Date.now() - began).toBeGreaterThan(2_900);
  const calls = (await slack.calls('chat.postMessage')).slice(before);
  expect(calls.map((call) => call.ok)).toEqual([false, false, false, true]);
  expect(await slack.answers(thread)).toHaveLength(1);
  await gateway.stop();
}, 30_000);

test('a crowd of gateways honours one Retry-After together', async () => {
  const { slack } = stage;
  const gateways = await Promise.all([stage.start(), stage.start()]);
  const before = (await slack.calls('chat.postMessage')).length;
  await slack.fault({ rateLimit: 'chat.postMessage', times: 1, retryAfter: 2 });
  const first = randomUUID();
  await put(first, notice('the one that is refused'), true);
  await until(async () => (await slack.calls('chat.postMessage')).length > before, 'the first call');
  const others = [randomUUID(), randomUUID(), randomUUID()];
  await Promise.all(others.map((key) => put(key, notice(key), true)));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect((await slack.calls('chat.postMessage')).length).toBe(before + 1);
  await Promise.all([first, ...others].map(sent));
  expect(await slack.answers(thread)).toHaveLength(4);
  await Promise.all(gateways.map((gateway) => gateway.stop()));
}, 30_000);

test('live updates are at least a second apart and the newest wins; the final one does not wait', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  const key = randomUUID();
  await put(key, working(1), false);
  await slack.waitForAnswer(thread, /step 1/);
  const before = (await slack.calls('chat.update')).length;
  for (let step = 2; step <= 21; step += 1) {
    await put(key, working(step), false);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const live = (await slack.calls('chat.update')).length - before;
  expect(live).toBeGreaterThanOrEqual(1);
  expect(live).toBeLessThanOrEqual(3);
  const began = Date.now();
  await put(key, { kind: 'answer', text: 'All of it.' }, true);
  const answer = await slack.waitForAnswer(thread, /All of it/);
  expect(Date.now() - began).toBeLessThan(900 * contention());
  expect(everyText(answer)).not.toMatch(/Working|Stop/);
  await put(key, working(22), false);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(everyText((await slack.answers(thread))[0] as SimMessage)).toMatch(/All of it/);
  await gateway.stop();
}, 30_000);

test('when the limit is nearly used up, live updates stop and the final answer goes out', async () => {
  const { slack } = stage;
  const scarce = {
    'chat.postMessage': { capacity: 10, perSecond: 10 },
    'chat.update': { capacity: 2, perSecond: 0.001 },
  };
  const gateway = await stage.start({ limits: scarce });
  const key = randomUUID();
  await put(key, working(1), false);
  await slack.waitForAnswer(thread, /step 1/);
  const before = (await slack.calls('chat.update')).length;
  for (let step = 2; step < 6; step += 1) {
    await put(key, working(step), false);
    await new Promise((resolve) => setTimeout(resolve, 1_050));
  }
  expect((await slack.calls('chat.update')).length - before).toBeLessThanOrEqual(2);
  await put(key, { kind: 'answer', text: 'Still heard.' }, true);
  await slack.waitForAnswer(thread, /Still heard/, 5_000);
  await gateway.stop();
}, 30_000);

test('a long answer comes in several messages, in order, each once', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  const paragraphs = Array.from({ length: 60 }, (_, i) => `Paragraph ${i}. ${'word '.repeat(120)}`);
  const key = randomUUID();
  await slack.fault({ acceptThenDrop: 'chat.postMessage', times: 2 });
  await put(key, { kind: 'answer', text: paragraphs.join('\n\n'), footer: 'the end' }, true);
  await slack.waitForAnswer(thread, /the end/);
  const answers = await slack.answers(thread);
  expect(answers.length).toBeGreaterThan(2);
  const numbers = answers.flatMap(({ blocks }) => [...JSON.stringify(blocks).matchAll(/Paragraph (\d+)\./g)]);
  expect(numbers.map((match) => Number(match[1]))).toEqual(paragraphs.map((_, i) => i));
  await gateway.stop();
}, 60_000);

test('nobody is pinged, nothing unfurls, and no remote image is shown', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  const key = randomUUID();
  const text = 'hey <!channel> <!here|here> <!subteam^S1|@ops> [x](!everyone) ![p](https://evil.test/p.png)';
  await put(key, { kind: 'answer', text }, true);
  const answer = await slack.waitForAnswer(thread, /hey/);
  expect(answer.broadcastMentions).toEqual([]);
  expect(answer.unfurlLinks).toBe(false);
  expect(answer.unfurlMedia).toBe(false);
  expect(everyText(answer)).not.toContain('![');
  await gateway.stop();
});

describe('a live line whose turn has ended', () => {
  const target = (key: string) => ({ key, team: TEAM, channel: thread.channel, threadTs: thread.ts });
  const retire = (key: string) => retireMessage(stage.db.database, target(key));

  test('goes, and the answer is a new message below what people said meanwhile', async () => {
    const { slack } = stage;
    const gateway = await stage.start();
    const key = randomUUID();
    await put(key, working(1), false);
    await slack.waitForAnswer(thread, /step 1/);
    const meanwhile = await slack.post('grace', 'platform-eng', 'and I said this', { threadTs: thread.ts });
    await retire(key);
    await put(`${key}/answer`, { kind: 'answer', text: 'All of it.' }, true);
    const answer = await slack.waitForAnswer(thread, /All of it/);
    await sent(key);
    expect(Number(answer.ts)).toBeGreaterThan(Number(meanwhile.ts));
    expect(await slack.answers(thread)).toHaveLength(1);
    await gateway.stop();
  }, 30_000);

  test('is never shown when it was not posted yet, and no late line brings it back', async () => {
    const { slack } = stage;
    const [waiting, unwritten] = [randomUUID(), randomUUID()];
    await put(waiting, working(1), false);
    await retire(waiting);
    await retire(unwritten);
    await put(waiting, working(2), false);
    await put(unwritten, working(2), false);
    const gateway = await stage.start();
    await put(randomUUID(), { kind: 'answer', text: 'The only one.' }, true);
    await slack.waitForAnswer(thread, /The only one/);
    await Promise.all([sent(waiting), sent(unwritten)]);
    expect(await slack.answers(thread)).toHaveLength(1);
    await gateway.stop();
  }, 30_000);

  test.each([
    ['was on its way', { delayMs: 'chat.postMessage', ms: 700, times: 1 }],
    ['was posted with an outcome that nobody knows', { acceptThenDrop: 'chat.postMessage' }],
  ])(
    'goes when it %s',
    async (_, fault) => {
      const { slack, db } = stage;
      const gateway = await stage.start();
      await slack.fault(fault);
      const key = randomUUID();
      await put(key, working(1), false);
      const isBegun = async () =>
        (await db.database.query('select 1 from outbox where key = $1 and (unsure or claim is not null)', [key]))
          .rowCount === 1;
      await until(isBegun, 'the post to begin');
      await retire(key);
      await sent(key);
      await until(async () => (await slack.answers(thread)).length === 0, 'the line to go');
      await gateway.stop();
    },
    30_000,
  );

  test.each(['cant_delete_message', 'compliance_exports_prevent_deletion'])(
    'says that it is over where Slack answers %s',
    async (error) => {
      const { slack } = stage;
      const gateway = await stage.start();
      const key = randomUUID();
      await put(key, working(1), false);
      await slack.waitForAnswer(thread, /step 1/);
      await sent(key);
      await slack.fault({ failWith: 'chat.delete', error });
      await retire(key);
      const line = await slack.waitForAnswer(thread, /This work has ended/);
      await sent(key);
      expect(everyText(line)).not.toMatch(/Working|Stop/);
      expect(await slack.answers(thread)).toHaveLength(1);
      await gateway.stop();
    },
    30_000,
  );

  test('has words of its own for a thread where nobody may delete', async () => {
    const { slack } = stage;
    const gateway = await stage.start();
    const key = randomUUID();
    await put(key, { kind: 'notice', text: 'I wait for it.' }, false);
    await slack.waitForAnswer(thread, /I wait for it/);
    await sent(key);
    await slack.fault({ failWith: 'chat.delete', error: 'cant_delete_message' });
    await retireMessage(stage.db.database, target(key), 'The wait is over.');
    await slack.waitForAnswer(thread, /The wait is over/);
    expect(await slack.answers(thread)).toHaveLength(1);
    await gateway.stop();
  }, 30_000);

  test('may have been deleted by a person', async () => {
    const { slack, db } = stage;
    const gateway = await stage.start();
    const key = randomUUID();
    await put(key, working(1), false);
    const line = await slack.waitForAnswer(thread, /step 1/);
    await sent(key);
    await fetch(new URL('chat.delete', slack.apiUrl), {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.tokens.bot}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel: line.channel, ts: line.ts }),
    });
    await retire(key);
    await sent(key);
    const { rows } = await db.database.query("select failed from outbox where key like $1 || '%'", [key]);
    expect(rows).toEqual([{ failed: null }]);
    await gateway.stop();
  }, 30_000);
});

test('an answer that takes the place of a live line pings nobody and unfurls nothing either', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  const key = randomUUID();
  await put(key, working(1), false);
  await slack.waitForAnswer(thread, /step 1/);
  await sent(key);
  await put(key, { kind: 'answer', text: 'see https://evil.test/p.png <!channel>' }, true);
  const answer = await slack.waitForAnswer(thread, /see/);
  expect(answer).toMatchObject({ broadcastMentions: [], unfurlLinks: false, unfurlMedia: false, attachments: [] });
  for (const method of ['chat.postMessage', 'chat.update']) {
    expect((await slack.calls(method)).at(-1)?.args).toMatchObject({ parse: 'none' });
  }
  await gateway.stop();
}, 30_000);
