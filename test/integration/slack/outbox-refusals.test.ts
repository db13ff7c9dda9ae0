import { randomUUID } from 'node:crypto';
import type { ShownBody } from '../../../store/outbox.ts';
import { type GatewayStage, startGatewayStage } from '../../support/gateway-stage.ts';
import { refillBuckets } from '../../support/refill-buckets.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
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

test('an answer whose message somebody deleted is posted again; a status line is not', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  const [kept, dropped] = [randomUUID(), randomUUID()];
  await put(kept, working(1), false);
  await slack.waitForAnswer(thread, /step 1/);
  await slack.remove('ada', (await slack.answers(thread))[0] as SimMessage).catch(async () => {
    const { ts } = (await slack.answers(thread))[0] as SimMessage;
    await fetch(new URL('chat.delete', slack.apiUrl), {
      method: 'POST',
      headers: { authorization: `Bearer ${slack.tokens.bot}`, 'content-type': 'application/json' },
      body: JSON.stringify({ channel: thread.channel, ts }),
    });
  });
  await put(kept, working(2), false);
  await until(async () => {
    const { rows } = await db.database.query('select failed from outbox where key = $1', [kept]);
    return rows[0]?.failed === 'message_not_found';
  }, 'the update to be given up');
  await put(kept, { kind: 'answer', text: 'Here after all.' }, true);
  await slack.waitForAnswer(thread, /Here after all/);
  await put(dropped, notice('next'), true);
  await slack.waitForAnswer(thread, /next/);
  await gateway.stop();
}, 30_000);

/** Slack has been asked for a live update and has not answered yet. */
async function updateUnderWay(): Promise<void> {
  const inFlight = "select 1 from rate_bucket where method = 'chat.update' and tokens < 50";
  await until(async () => (await stage.db.database.query(inFlight)).rowCount === 1, 'a live update to be under way');
}

test('an answer that comes while Slack refuses a live update is posted', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  const key = randomUUID();
  await put(key, working(1), false);
  const { ts } = await slack.waitForAnswer(thread, /step 1/);
  await sent(key);
  await fetch(new URL('chat.delete', slack.apiUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${slack.tokens.bot}`, 'content-type': 'application/json' },
    body: JSON.stringify({ channel: thread.channel, ts }),
  });
  await slack.fault({ delayMs: 'chat.update', ms: 2_000, times: 1 });
  await put(key, working(2), false);
  await updateUnderWay();
  await put(key, { kind: 'answer', text: 'Not lost.' }, true);
  await slack.waitForAnswer(thread, /Not lost/);
  await sent(key);
  await gateway.stop();
}, 30_000);

test('an answer does not wait for the pause after a live update that did not end well', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  const key = randomUUID();
  await put(key, working(1), false);
  await slack.waitForAnswer(thread, /step 1/);
  await sent(key);
  // Earlier attempts failed as well: the next pause is a minute.
  await db.database.query('update outbox set attempts = 6 where key = $1', [key]);
  await slack.fault({ delayMs: 'chat.update', ms: 2_000, times: 1 });
  await slack.fault({ failWith: 'chat.update', error: 'internal_error' });
  await put(key, working(2), false);
  await updateUnderWay();
  await put(key, { kind: 'answer', text: 'At once.' }, true);
  await slack.waitForAnswer(thread, /At once/);
  await gateway.stop();
}, 30_000);

test('blocks that Slack refuses do not keep the words back', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  await slack.fault({ failWith: 'chat.postMessage', error: 'invalid_blocks' });
  const key = randomUUID();
  await put(key, { kind: 'answer', text: 'plain but here' }, true);
  const answer = await slack.waitForAnswer(thread, /plain but here/);
  expect(answer.blocks.filter((block) => block.type !== 'rich_text')).toEqual([]);
  await gateway.stop();
});

test.each(['chat.postMessage', 'chat.update'])(
  'a long answer whose blocks Slack refuses (%s) comes in full',
  async (method) => {
    const { slack } = stage;
    const gateway = await stage.start();
    const key = randomUUID();
    if (method === 'chat.update') {
      await put(key, working(1), false);
      await slack.waitForAnswer(thread, /step 1/);
      await sent(key);
    }
    await slack.fault({ failWith: method, error: 'invalid_blocks' });
    const paragraphs = Array.from({ length: 16 }, (_, i) => `Paragraph ${i}. ${'<b> '.repeat(160)}`);
    await put(key, { kind: 'answer', text: paragraphs.join('\n\n'), footer: 'the end' }, true);
    await slack.waitForAnswer(thread, /the end/);
    const shown = (await slack.answers(thread)).map((answer) =>
      answer.blocks.some((block) => block.type === 'markdown') ? JSON.stringify(answer.blocks) : answer.text,
    );
    const numbers = shown.flatMap((text) => [...text.matchAll(/Paragraph (\d+)\./g)].map((match) => Number(match[1])));
    expect(numbers).toEqual(paragraphs.map((_, i) => i));
    await gateway.stop();
  },
  30_000,
);

async function fileOfAnswer(): Promise<string> {
  await until(
    async () => (await stage.slack.answers(thread)).some(({ files }) => files.length > 0),
    'the file of the answer',
  );
  const files = (await stage.slack.answers(thread)).flatMap((answer) => answer.files);
  expect(files.map(({ name }) => name)).toEqual(['answer.md']);
  return (await stage.slack.file(files[0]?.id ?? '')).toString('utf8');
}

test('an answer that is too long for a thread shows its beginning, once, and is whole in a file', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  const text = Array.from({ length: 2_000 }, (_, i) => `Line ${i}: ${'word '.repeat(18)}`).join('\n\n');
  await put(randomUUID(), { kind: 'answer', text, footer: 'the end' }, true);
  const beginning = await slack.waitForAnswer(thread, /whole answer is in the file answer\.md/);
  expect(JSON.stringify(beginning.blocks)).toMatch(/Line 0:.*the end/);
  expect(await fileOfAnswer()).toBe(text);
  expect((await slack.answers(thread)).filter(({ files }) => files.length === 0)).toHaveLength(1);
  await gateway.stop();
}, 30_000);

test('an answer that Slack takes neither with blocks nor without comes as a file', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  await slack.fault({ failWith: 'chat.postMessage', error: 'msg_too_long', times: 2 });
  const text = `Odd words: ${'odd '.repeat(500)}`;
  await put(randomUUID(), { kind: 'answer', text, footer: 'the end' }, true);
  await slack.waitForAnswer(thread, /Odd words.*whole answer is in the file answer\.md/s);
  expect(await fileOfAnswer()).toBe(text);
  expect(JSON.stringify(await slack.answers(thread))).not.toContain('could not be posted');
  await gateway.stop();
}, 30_000);

test('tables with empty cells are taken by Slack at once', async () => {
  const { slack } = stage;
  const gateway = await stage.start();
  const table = '| name | n |\n|---|---|\n| a | |';
  await put(randomUUID(), { kind: 'answer', text: `${table}\n\nAnd:\n\n${table}` }, true);
  const { blocks } = await slack.waitForAnswer(thread, /And:/);
  expect(blocks.map(({ type }) => type)).toEqual(['markdown']);
  await gateway.stop();
}, 30_000);

test('what Slack refuses for good is noted for the operator and not tried for ever', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  const key = randomUUID();
  await slack.fault({ failWith: 'chat.postMessage', error: 'is_archived', times: 5 });
  await put(key, notice('too late'), true);
  await until(async () => {
    const { rows } = await db.database.query('select failed from outbox where key = $1', [key]);
    return rows[0]?.failed === 'is_archived';
  }, 'the row to be given up');
  await slack.clearFaults();
  const next = randomUUID();
  await put(next, notice('the next one'), true);
  await slack.waitForAnswer(thread, /the next one/);
  await gateway.stop();
});

test('what Slack answers with errors for a day is given up, and the thread is told', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  const key = randomUUID();
  const column = async (name: string) =>
    (await db.database.query(`select ${name} as value from outbox where key = $1`, [key])).rows[0]?.value;
  await slack.fault({ failWith: 'chat.postMessage', error: 'internal_error', times: 2 });
  await put(key, { kind: 'answer', text: 'never seen' }, true);
  await until(async () => (await column('attempts')) === 1, 'the first failure');
  // Many failures later, on the next day.
  await db.database.query(
    "update outbox set attempts = 40, created_at = now() - interval '25 hours', not_before = now() where key = $1",
    [key],
  );
  await until(async () => (await column('failed')) === 'never_taken', 'the answer to be given up');
  await slack.waitForAnswer(
    thread,
    /could not be posted here: Slack answered with errors for a day\. Please ask me again/,
  );
  await gateway.stop();
}, 30_000);

test('what Slack answers with errors for an hour is tried again', async () => {
  const { slack, db } = stage;
  const gateway = await stage.start();
  const key = randomUUID();
  await slack.fault({ failWith: 'chat.postMessage', error: 'internal_error', times: 2 });
  await put(key, { kind: 'answer', text: 'late but here' }, true);
  await until(async () => {
    const { rows } = await db.database.query('select attempts from outbox where key = $1', [key]);
    return rows[0]?.attempts === 1;
  }, 'the first failure');
  await db.database.query(
    "update outbox set attempts = 40, created_at = now() - interval '1 hour', not_before = now() where key = $1",
    [key],
  );
  await until(async () => {
    const { rows } = await db.database.query('select attempts from outbox where key = $1', [key]);
    return rows[0]?.attempts === 41;
  }, 'the second failure');
  await db.database.query('update outbox set not_before = now() where key = $1', [key]);
  await slack.waitForAnswer(thread, /late but here/);
  await gateway.stop();
}, 30_000);
