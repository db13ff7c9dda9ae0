import { setTimeout as pause } from 'node:timers/promises';
import { SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import { sendingLimits } from '../../../slack/sending/sending-limits.ts';
import { outboxBacklog, putMessage, putReaction, putStatus, retireMessage } from '../../../store/outbox.ts';
import {
  claimOutbox,
  holdOutbox,
  letNextPost,
  markFailed,
  markLooked,
  markSent,
  type OutboxRow,
  postponeSending,
  type SendingLimit,
} from '../../../store/outbox-claims.ts';
import { blockBucket } from '../../../store/rate-bucket.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

const TEAM = 'T1';
const LIMITS = sendingLimits(SLACK_LIMITS);

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

let threads = 0;
const newThread = (): string => {
  threads += 1;
  return `${threads}.1`;
};
const place = (channel: string, threadTs = newThread()) => ({ team: TEAM, channel, threadTs });
const answer = (key: string, channel: string, threadTs?: string) =>
  putMessage(db.database, {
    ...place(channel, threadTs),
    key,
    body: { kind: 'answer', text: key },
    final: true,
  });
const live = (key: string, channel: string) =>
  putMessage(db.database, {
    ...place(channel),
    key,
    body: { kind: 'working', step: 1, what: 'working', since: '' },
    final: false,
  });
const notice = (key: string, channel: string) =>
  putMessage(db.database, { ...place(channel), key, body: { kind: 'notice', text: key }, final: true });
const reaction = (key: string, channel: string) =>
  putReaction(db.database, { ...place(channel), key, body: { ts: '1.1', name: 'eyes' } });

const claim = (room = 32, limits = LIMITS, spare = 0): Promise<OutboxRow[]> =>
  claimOutbox(db.database, { team: TEAM, limits, room, spare, leaseMs: 15_000 });
const keys = (rows: readonly OutboxRow[]) => rows.map((row) => row.key);
/** A limit that gives `capacity` tokens and no more during a test. */
const scarce = (method: string, capacity: number, more: Partial<SendingLimit> = {}): SendingLimit => {
  return { method, capacity, perSecond: 0.000_001, reserve: 0, perChannel: false, ...more };
};

test('a live line that a late sender posts after its turn has ended is deleted', async () => {
  await live('line', 'A');
  const [late] = await claim();
  if (!late) throw new Error('nothing was claimed');
  await holdOutbox(db.database, late, -1_000, true);
  await retireMessage(db.database, { ...place('A'), key: 'line' });
  const [looking] = await claim();
  expect(looking).toMatchObject({ key: 'line', unsure: true });
  if (looking) await markLooked(db.database, looking, null);
  const [done] = await claim();
  if (done) await markSent(db.database, done, null, 0);
  expect(await claim()).toEqual([]);
  await markSent(db.database, late, '17.1', 0);
  expect(await claim()).toMatchObject([{ key: 'line', slackTs: '17.1', method: 'chat.delete' }]);
});

test('the first words of an answer do not wait for the pause between two edits, what follows does', async () => {
  const say = (text: string, first?: true) =>
    putMessage(db.database, {
      ...place('A', '5.1'),
      key: 'line',
      body: { kind: 'working', step: 1, what: 'writing', since: '', text, ...(first && { first }) },
      final: false,
    });
  await say('');
  const [posted] = await claim();
  if (posted) await markSent(db.database, posted, '5.2', 60_000);
  await say('Al', true);
  const [edit] = await claim();
  expect(edit).toMatchObject({ key: 'line', method: 'chat.update', revision: 2 });
  // They also come while the edit before them is under way.
  await say('Alpha', true);
  if (edit) await markSent(db.database, edit, null, 60_000);
  const [next] = await claim();
  expect(next).toMatchObject({ revision: 3 });
  if (next) await markSent(db.database, next, null, 60_000);
  await say('Alpha and more');
  expect(await claim()).toEqual([]);
});

test.each<[string, () => Promise<unknown>]>([
  [
    'the first words of an answer',
    () =>
      putMessage(db.database, {
        ...place('A', '5.1'),
        key: 'line',
        body: { kind: 'working', step: 1, what: 'writing', since: '', text: 'Al', first: true },
        final: false,
      }),
  ],
  ['its last word', () => answer('line', 'A', '5.1')],
  ['the end of its turn', () => retireMessage(db.database, { ...place('A', '5.1'), key: 'line' })],
])('a post of unknown outcome is not looked for too early: %s', async (_, change) => {
  await live('line', 'A');
  const [posted] = await claim();
  if (!posted) throw new Error('nothing was claimed');
  await holdOutbox(db.database, posted, 15_000, true);
  await postponeSending(db.database, posted, 'failure', 60_000);
  await change();
  expect(await claim()).toEqual([]);
});

test('channels take turns: the one that was served longest ago is next', async () => {
  for (const n of [1, 2, 3]) await reaction(`busy ${n}`, 'BUSY');
  const limits = [scarce('reactions.add', 4)];
  expect(keys(await claim(1, limits))).toEqual(['busy 1']);
  await reaction('a', 'A');
  await reaction('b', 'B');
  const next = keys(await claim(32, limits));
  expect([...next.slice(0, 2)].sort()).toEqual(['a', 'b']);
  expect(next.slice(2)).toEqual(['busy 2']);
});

test('a row whose limit has no token is not claimed, and waiting for one is no attempt', async () => {
  for (const n of [1, 2, 3]) await reaction(`r ${n}`, 'A');
  const limits = [scarce('reactions.add', 1)];
  expect(await claim(32, limits)).toHaveLength(1);
  for (let n = 0; n < 20; n += 1) expect(await claim(32, limits)).toEqual([]);
  const { rows } = await db.database.query('select max(attempts) as attempts from outbox');
  expect(rows[0]).toEqual({ attempts: 0 });
});

test('a rate limit of Slack is no attempt, and a failure is one', async () => {
  await answer('a', 'A');
  const [first] = await claim();
  if (!first) throw new Error('nothing was claimed');
  await postponeSending(db.database, first, 'limit', 0);
  const [second] = await claim();
  expect(second).toMatchObject({ key: 'a', attempts: 0 });
  if (second) await postponeSending(db.database, second, 'failure', 0);
  expect((await claim())[0]).toMatchObject({ key: 'a', attempts: 1, uploadFailures: 0 });
});

test('inside a channel answers come first, then notices, then live lines', async () => {
  await live('live', 'A');
  await notice('notice', 'A');
  await answer('answer', 'A');
  const limits = [scarce('chat.postMessage', 10, { reserve: 4, perChannel: true })];
  expect(keys(await claim(32, limits))).toEqual(['answer', 'notice', 'live']);
});

test('notices and live lines leave a reserve of their channel to answers', async () => {
  const limits = [scarce('chat.postMessage', 10, { reserve: 4, perChannel: true })];
  for (let n = 0; n < 20; n += 1) await (n % 2 ? live(`live ${n}`, 'A') : notice(`notice ${n}`, 'A'));
  expect(await claim(32, limits)).toHaveLength(6);
  for (let n = 0; n < 6; n += 1) await answer(`answer ${n}`, 'A');
  expect(keys(await claim(32, limits))).toEqual(['answer 0', 'answer 1', 'answer 2', 'answer 3']);
});

test('live lines leave more of their channel than notices do, and what they leave stays for the others', async () => {
  const limits = [scarce('chat.postMessage', 10, { reserve: 4, liveReserve: 8, perChannel: true })];
  for (let n = 0; n < 20; n += 1) await live(`live ${n}`, 'A');
  expect(await claim(32, limits)).toHaveLength(2);
  for (let n = 0; n < 20; n += 1) await notice(`notice ${n}`, 'A');
  expect(keys(await claim(32, limits))).toEqual([0, 1, 2, 3].map((n) => `notice ${n}`));
  for (let n = 0; n < 6; n += 1) await answer(`answer ${n}`, 'A');
  expect(await claim(32, limits)).toHaveLength(4);
});

test('an answer does not wait for what live lines leave, also where its lane was empty', async () => {
  const limits = [scarce('chat.postMessage', 10, { reserve: 4, liveReserve: 8, perChannel: true })];
  for (let n = 0; n < 10; n += 1) {
    await answer(`answer ${n}`, 'A');
    expect(keys(await claim(32, limits))).toEqual([`answer ${n}`]);
  }
});

test('an answer that replaces a waiting live line does not wait for the reserve to fill', async () => {
  const limits = [scarce('chat.postMessage', 5, { reserve: 4, perChannel: true })];
  await notice('first', 'A');
  expect(await claim(32, limits)).toHaveLength(1);
  await live('turn', 'A');
  expect(await claim(32, limits)).toEqual([]);
  await answer('turn', 'A');
  expect(keys(await claim(32, limits))).toEqual(['turn']);
});

test('some places of a slow sender are left to answers', async () => {
  for (let n = 0; n < 10; n += 1) await reaction(`r ${n}`, 'A');
  expect(await claim(6, LIMITS, 4)).toHaveLength(2);
  await answer('answer', 'A');
  expect(keys(await claim(4, LIMITS, 4))).toEqual(['answer']);
});

test('Retry-After of one channel holds up that channel alone', async () => {
  await answer('a', 'A');
  await answer('b', 'B');
  await blockBucket(db.database, { team: TEAM, method: 'chat.postMessage', channel: 'A' }, 300);
  // The bucket was made by the block and is empty until then.
  await db.database.query('update rate_bucket set tokens = 10');
  expect(keys(await claim())).toEqual(['b']);
  await until(async () => keys(await claim()).includes('a'), 'the channel to be served again');
});

test('Retry-After of the workspace holds up every row of that call', async () => {
  for (const channel of ['A', 'B']) await reaction(channel, channel);
  await blockBucket(db.database, { team: TEAM, method: 'reactions.add', channel: '' }, 300);
  await db.database.query('update rate_bucket set tokens = 10');
  expect(await claim()).toEqual([]);
  const claimed: string[] = [];
  await until(async () => claimed.push(...keys(await claim())) === 2, 'both to be served');
});

test('posts of one thread come in order, also when the first is put off; other threads do not wait', async () => {
  await answer('first', 'A', '7.1');
  await answer('second', 'A', '7.1');
  await answer('third', 'A', '7.1');
  await answer('elsewhere', 'A', '8.1');
  const claimed = await claim();
  expect(keys(claimed)).toEqual(['first', 'elsewhere']);
  const [first] = claimed;
  if (!first) throw new Error('nothing was claimed');
  await postponeSending(db.database, first, 'failure', 50);
  expect(await claim()).toEqual([]);
  await pause(60);
  const [again] = await claim();
  expect(again?.key).toBe('first');
  if (!again) throw new Error('nothing was claimed');
  await markSent(db.database, again, '7.2', 0);
  await letNextPost(db.database, again);
  expect(keys(await claim())).toEqual(['second']);
});

test('an answer does not wait for a notice of its thread that waits for the reserve', async () => {
  const limits = [scarce('chat.postMessage', 1, { reserve: 1, perChannel: true })];
  await putMessage(db.database, {
    ...place('A', '7.1'),
    key: 'notice',
    body: { kind: 'notice', text: 'wait' },
    final: true,
  });
  await answer('answer', 'A', '7.1');
  expect(keys(await claim(32, limits))).toEqual(['answer']);
});

test('a reaction that waits for more than two minutes and a status line after 15 seconds are dropped, an answer never', async () => {
  await reaction('reaction', 'A');
  await putStatus(db.database, { ...place('A'), key: 'status', body: { status: 'is getting to work…' } });
  await answer('answer', 'A');
  const { rows } = await db.database.query(
    'select key, extract(epoch from expires_at - created_at)::int as life from outbox order by id',
  );
  expect(rows).toEqual([
    { key: 'reaction', life: 120 },
    { key: 'status', life: 15 },
    { key: 'answer', life: null },
  ]);
  await db.database.query("update outbox set expires_at = now() - interval '1 second' where expires_at is not null");
  expect(keys(await claim())).toEqual(['answer']);
  const dropped = await db.database.query("select key from outbox where failed = 'expired' order by id");
  expect(dropped.rows).toEqual([{ key: 'reaction' }, { key: 'status' }]);
});

test('a row of a sender that died comes back, and the dead one changes nothing when it wakes', async () => {
  await answer('a', 'A');
  const [dead] = await claimOutbox(db.database, { team: TEAM, limits: LIMITS, room: 1, spare: 0, leaseMs: 100 });
  if (!dead) throw new Error('nothing was claimed');
  expect(await claim()).toEqual([]);
  await pause(120);
  const [heir] = await claim();
  expect(heir?.key).toBe('a');
  expect(await holdOutbox(db.database, dead, 15_000, true)).toBe(false);
  expect(await markFailed(db.database, dead, 'late')).toBe(false);
  await postponeSending(db.database, dead, 'failure', 0);
  expect(await claim()).toEqual([]);
  const { rows } = await db.database.query('select claim, failed, attempts, unsure from outbox');
  expect(rows).toEqual([{ claim: heir?.claim, failed: null, attempts: 0, unsure: false }]);
});

test('two senders on one database: no row is claimed twice and no bucket is overdrawn', async () => {
  const limits = [
    scarce('chat.postMessage', 5, { reserve: 2, perChannel: true }),
    scarce('reactions.add', 40),
    scarce('chat.update', 10, { reserve: 4 }),
  ];
  const writing = Array.from({ length: 300 }, async (_, n) => {
    const channel = `C${n % 10}`;
    if (n % 3 === 0) await reaction(`r ${n}`, channel);
    else if (n % 3 === 1) await answer(`a ${n}`, channel);
    else await live(`l ${n}`, channel);
  });
  const sender = async () => {
    const got: OutboxRow[] = [];
    for (let round = 0; round < 60; round += 1) got.push(...(await claim(4, limits)));
    return got;
  };
  const [one, two] = await Promise.all([sender(), sender(), ...writing]);
  await Promise.all(writing);
  const rows = [...(one ?? []), ...(two ?? []), ...(await sender())];
  expect(new Set(keys(rows)).size).toBe(rows.length);
  expect(rows.filter((row) => row.method === 'reactions.add')).toHaveLength(40);
  const posts = rows.filter((row) => row.method === 'chat.postMessage');
  for (let n = 0; n < 10; n += 1) expect(posts.filter((row) => row.channel === `C${n}`)).toHaveLength(5);
  const { rows: overdrawn } = await db.database.query('select * from rate_bucket where tokens < 0');
  expect(overdrawn).toEqual([]);
});

test('the backlog says how much of each class is due, and for how long', async () => {
  await answer('a', 'A');
  for (const n of [1, 2]) await reaction(`r ${n}`, 'A');
  await db.database.query("update outbox set not_before = now() - interval '10 seconds' where key = 'a'");
  const [answers, notices, lives, signs] = await outboxBacklog(db.database);
  expect(answers).toMatchObject({ class: 'answer', due: 1 });
  expect(answers?.oldestMs).toBeGreaterThanOrEqual(10_000);
  expect(notices).toEqual({ class: 'notice', due: 0, oldestMs: null });
  expect(lives).toEqual({ class: 'live', due: 0, oldestMs: null });
  expect(signs).toMatchObject({ class: 'sign', due: 2 });
});
