import { randomUUID } from 'node:crypto';
import { channel, crowdOf } from '../../../bench/load/crowd.ts';
import { createSlackClient } from '../../../slack/api/client.ts';
import { createPacedCalls } from '../../../slack/api/paced-calls.ts';
import { ARRIVAL_SPREAD_S, SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import { createOutboxSender } from '../../../slack/sending/outbox-sender.ts';
import type { WorkLoop } from '../../../slack/work-loop.ts';
import { saveFile } from '../../../store/files.ts';
import { listenTo, type Notifications } from '../../../store/notifications.ts';
import { putFile, putMessage, putReaction } from '../../../store/outbox.ts';
import { contention } from '../../support/contention.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import {
  everyText,
  type SimCall,
  type SimMessage,
  startTestSlack,
  type TestSlack,
} from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

const TEAM = 'T000000ACME';
/** How soon an answer that is due has to be in Slack. */
const BAR_MS = 2_000;
const QUIET = 10;

let slack: TestSlack;
let db: TestDatabase;
let sender: Sender;

interface Sender {
  readonly logged: { readonly fields: Record<string, unknown>; readonly message: string }[];
  /** The longest that a call of Slack has taken, in milliseconds. */
  slowestMs(): number;
  stop(): Promise<void>;
}

/** The outbox's sender alone, as the gateway runs it, before a Slack that limits rates as Slack does. */
function startSender(): Sender {
  const client = createSlackClient(slack.tokens.bot, slack.apiUrl, { warn: () => {}, error: () => {} });
  const apiCall = client.apiCall.bind(client);
  let slowestMs = 0;
  client.apiCall = async (...call) => {
    const began = performance.now();
    return await apiCall(...call).finally(() => {
      slowestMs = Math.max(slowestMs, performance.now() - began);
    });
  };
  const logged: { fields: Record<string, unknown>; message: string }[] = [];
  const note = (fields: object, message: string) => void logged.push({ fields: { ...fields }, message });
  const calls = createPacedCalls({ db: db.database, client, team: TEAM });
  const loop: WorkLoop = createOutboxSender({
    ...{ database: db.database, calls, team: TEAM, limits: SLACK_LIMITS, apiUrl: slack.apiUrl },
    log: { info: () => {}, warn: note, error: note },
  });
  const listener: Notifications = listenTo({
    ...{ url: db.url, name: 'test', channels: ['bellhop_outbox'], onNotify: loop.poke },
  });
  return {
    logged,
    slowestMs: () => slowestMs,
    async stop() {
      await listener.stop();
      await loop.stop();
    },
  };
}

beforeEach(async () => {
  [slack, db] = await Promise.all([
    startTestSlack({ limitRates: true, more: crowdOf(1, QUIET + 2) }),
    createTestDatabase(),
  ]);
  sender = startSender();
}, 60_000);
afterEach(async () => {
  await sender.stop();
  await slack[Symbol.asyncDispose]();
  await db[Symbol.asyncDispose]();
});

const postIn = (n: number) => slack.post('ada', channel(n), 'a question');
const answer = (thread: Pick<SimMessage, 'channel' | 'ts'>, text: string) => {
  const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts };
  return putMessage(db.database, { ...place, key: randomUUID(), body: { kind: 'answer', text }, final: true });
};

/** Milliseconds until people see an answer that becomes due now. */
async function untilSeen(n: number): Promise<number> {
  const thread = await postIn(n);
  const text = `the answer ${randomUUID()}`;
  const began = performance.now();
  await answer(thread, text);
  await slack.waitForAnswer(thread, (said) => everyText(said).includes(text), 30_000);
  return performance.now() - began;
}

/**
 * The posts for which Slack has told these senders to slow down. On a machine so busy that a call took longer than what our buckets leave
 * room for, it may.
 */
async function toldToSlowDown(senders: readonly Sender[]): Promise<readonly SimCall[]> {
  const refused = (await slack.calls('chat.postMessage')).filter((call) => !call.ok);
  return senders.some(({ slowestMs }) => slowestMs() > ARRIVAL_SPREAD_S * 1_000) ? [] : refused;
}

async function rowOf(key: string): Promise<Record<string, unknown>> {
  const { rows } = await db.database.query('select * from outbox where key = $1', [key]);
  return rows[0] ?? {};
}

test('with 1,500 reactions pending, an answer leaves within two seconds', async () => {
  const busy = await postIn(0);
  const place = { team: TEAM, channel: busy.channel, threadTs: busy.ts };
  await Promise.all(
    Array.from({ length: 1_500 }, (_, n) =>
      putReaction(db.database, { ...place, key: `r${n}`, body: { ts: busy.ts, name: `sign-${n}` } }),
    ),
  );
  await until(async () => (await slack.calls('reactions.add')).length >= 50, 'the reactions to use up their limit');
  expect(await untilSeen(0)).toBeLessThan(BAR_MS * contention());
  expect(await untilSeen(1)).toBeLessThan(BAR_MS * contention());
  const { rows } = await db.database.query("select max(attempts) as most from outbox where kind = 'reaction'");
  expect(rows[0]).toEqual({ most: 0 });
}, 60_000);

test('with 400 messages waiting in one channel, ten quiet channels get their answers within two seconds', async () => {
  const threads: SimMessage[] = [];
  for (let n = 0; n < 400; n += 1) threads.push(await postIn(0));
  await Promise.all(threads.map((thread) => answer(thread, 'one of many')));
  await until(async () => (await slack.calls('chat.postMessage')).length >= 10, 'the channel to use up its limit');
  const seen = await Promise.all(Array.from({ length: QUIET }, (_, n) => untilSeen(n + 2)));
  expect(Math.max(...seen)).toBeLessThan(BAR_MS * contention());
  expect(await toldToSlowDown([sender])).toEqual([]);
}, 60_000);

test('two senders post all that one channel waits for, in order, each once, and are never told to slow down', async () => {
  const other = startSender();
  const thread = await postIn(0);
  for (let n = 0; n < 14; n += 1) await answer(thread, `part ${n}`);
  await until(async () => (await slack.answers(thread)).length === 14, 'all of them', 30_000);
  await other.stop();
  const said = (await slack.answers(thread)).map((each) => /part \d+/.exec(everyText(each))?.[0]);
  expect(said).toEqual(Array.from({ length: 14 }, (_, n) => `part ${n}`));
  expect(await toldToSlowDown([sender, other])).toEqual([]);
}, 60_000);

async function share(thread: SimMessage): Promise<string> {
  const key = randomUUID();
  const place = { team: TEAM, channel: thread.channel, threadTs: thread.ts };
  const session = `slack:${TEAM}:${thread.channel}:${thread.ts}` as const;
  const bytes = Buffer.from('a file');
  const fileId = await saveFile(db.database, { session, name: 'a.txt', bytes, direction: 'out', origin: key });
  await putFile(db.database, { ...place, key, body: { fileId, name: 'a.txt' } });
  return key;
}

test('a file that met many rate limits is not given up after one failed upload', async () => {
  await slack.fault({ rateLimit: 'files.getUploadURLExternal', times: 7, retryAfter: 1 });
  const thread = await postIn(0);
  const key = await share(thread);
  const limited = async () => (await slack.calls('files.getUploadURLExternal')).filter((call) => !call.ok).length;
  await until(async () => (await limited()) === 7, 'seven rate limits', 20_000);
  // The bytes cannot be read for one attempt.
  const { body } = await rowOf(key);
  await db.database.query('update outbox set body = body || $2 where key = $1', [key, { fileId: randomUUID() }]);
  await until(async () => {
    const { failed, upload_failures: failures } = await rowOf(key);
    return failed !== null || failures === 1;
  }, 'the upload to fail');
  await db.database.query('update outbox set body = $2 where key = $1', [key, body]);
  await until(async () => (await slack.answers(thread)).some((said) => said.files.length === 1), 'the file', 20_000);
}, 60_000);

test('an unsure upload is looked for three times before it is completed again, however often a limit was met', async () => {
  const thread = await postIn(0);
  await slack.fault({ failWith: 'files.completeUploadExternal', error: 'internal_error' });
  await slack.fault({ rateLimit: 'conversations.replies', times: 3, retryAfter: 1 });
  const key = await share(thread);
  await until(async () => Number((await rowOf(key)).sent_revision) === 1, 'the file to be sent', 40_000);
  const calls = (await slack.calls()).map((call) => `${call.method} ${call.ok}`);
  const since = calls.slice(calls.indexOf('files.completeUploadExternal false'));
  const looks = since.filter((call) => call === 'conversations.replies true');
  expect(looks).toHaveLength(3);
  expect(since.filter((call) => call.startsWith('files.completeUploadExternal'))).toEqual([
    'files.completeUploadExternal false',
    'files.completeUploadExternal true',
  ]);
  expect(since.at(-1)).toBe('files.completeUploadExternal true');
}, 60_000);

/** A person's mention that the agent has taken: its row of the inbox and its reaction. */
async function asked(n: number): Promise<SimMessage> {
  const mention = await postIn(n);
  const { rows } = await db.database.query<{ id: string }>(
    `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, state)
     values ($1, 'message', $2, $3, $4, $4, 'U0000000ADA', 'member', 'mention', 'delivered') returning id`,
    [randomUUID(), TEAM, mention.channel, mention.ts],
  );
  const place = { team: TEAM, channel: mention.channel, threadTs: mention.ts };
  await putReaction(db.database, { ...place, key: `${rows[0]?.id}/reaction`, body: { ts: mention.ts, name: 'eyes' } });
  await slack.waitForReaction(mention, 'eyes');
  return mention;
}

test('an answer that Slack refuses for good is told in a short notice', async () => {
  const mention = await asked(0);
  await slack.fault({ failWith: 'chat.postMessage', error: 'msg_too_long', times: 4 });
  await answer(mention, 'refused with blocks, without, and as a beginning');
  await slack.waitForAnswer(mention, /could not be posted here: Slack refused it \(msg_too_long\)/);
  expect(sender.logged.map(({ fields }) => fields.told)).toEqual(['in the thread']);
}, 30_000);

test('where the thread takes nothing, the person is told in a direct message', async () => {
  const mention = await asked(0);
  const dm = await slack.openDm('ada');
  await slack.fault({ failWith: 'chat.postMessage', error: 'restricted_action', times: 2 });
  await answer(mention, 'nobody may read this');
  await until(async () => (await slack.state()).messages.some((said) => said.channel === dm), 'the direct message');
  const said = (await slack.state()).messages.filter(({ channel: place }) => place === dm);
  expect(said.map(everyText).join()).toMatch(/could not post my answer/);
  expect(sender.logged.map(({ fields }) => fields.told)).toEqual(['in the thread', 'in a direct message']);
}, 30_000);

test('where nothing can be said at all, the reaction is taken back', async () => {
  const mention = await asked(0);
  await slack.fault({ failWith: 'chat.postMessage', error: 'restricted_action', times: 100 });
  await answer(mention, 'nobody may read this');
  await until(async () => (await slack.thread(mention))[0]?.reactions.length === 0, 'the reaction to go');
  expect(sender.logged.map(({ fields }) => fields.told)).toEqual([
    'in the thread',
    'in a direct message',
    'by taking the reaction back',
  ]);
}, 30_000);

test('a file that cannot be uploaded is told in its thread', async () => {
  const mention = await asked(0);
  const key = await share(mention);
  await db.database.query('update outbox set upload_failures = 4 where key = $1', [key]);
  await db.database.query('update outbox set body = body || $2 where key = $1', [key, { fileId: randomUUID() }]);
  await slack.waitForAnswer(mention, /The file a\.txt could not be posted here/, 20_000);
}, 30_000);
