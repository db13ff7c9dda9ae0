import type { Socket } from 'node:net';
import pg from 'pg';
import { SLACK_LIMITS } from '../../../slack/api/rate-limits.ts';
import { sendingLimits } from '../../../slack/sending/sending-limits.ts';
import { type Database, openDatabase, type Queryable } from '../../../store/database.ts';
import type { InboxEntry } from '../../../store/inbox.ts';
import { claimUndelivered } from '../../../store/inbox-claims.ts';
import { keepEntries } from '../../../store/inbox-intake.ts';
import { putMessage } from '../../../store/outbox.ts';
import { claimOutbox } from '../../../store/outbox-claims.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

let db: TestDatabase;
const ended: (() => Promise<unknown> | unknown)[] = [];
beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(async () => {
  for (const end of ended.splice(0)) await end();
  await db[Symbol.asyncDispose]();
});

const LONG = 'x'.repeat(300_000);
const options = { team: 'T1', limits: sendingLimits(SLACK_LIMITS), room: 32, spare: 0, leaseMs: 15_000 };

const socketOf = (client: pg.Client | pg.PoolClient): Socket =>
  (client as unknown as { connection: { stream: Socket } }).connection.stream;

/** A process that freezes right after it has asked: from then on it reads nothing of what PostgreSQL answers. */
async function frozenProcess(): Promise<Queryable> {
  const client = new pg.Client({ connectionString: db.url });
  client.on('error', () => {});
  await client.connect();
  const stream = socketOf(client);
  ended.push(() => stream.destroy());
  const query = (async (...given: Parameters<typeof client.query>) => {
    const asked = client.query(...given);
    stream.pause();
    return asked;
  }) as unknown as Queryable['query'];
  return { query, wake: () => {} };
}

/** Waits until the server's process for the frozen one has done its work, or cannot send the rest of its answer. */
async function isStuckOrDone(query: string): Promise<void> {
  await until(
    async () => {
      const { rows } = await db.database.query<{ done: boolean }>(
        `select bool_and(state <> 'active' or wait_event = 'ClientWrite') as done from pg_stat_activity
         where pid <> pg_backend_pid() and query like $1`,
        [`%${query}%`],
      );
      return rows[0]?.done === true;
    },
    'the frozen process to be answered',
    20_000,
  );
}

function within<T>(ms: number, what: Promise<T>): Promise<T | null> {
  return Promise.race([what, new Promise<null>((resolve) => setTimeout(() => resolve(null), ms))]);
}

test('a gateway that freezes while it claims long answers keeps no other gateway from sending', async () => {
  for (let n = 0; n < 32; n += 1) {
    const place = { team: 'T1', channel: `C${n}`, threadTs: `${n}.1` };
    await putMessage(db.database, { ...place, key: `${n}`, body: { kind: 'answer', text: LONG }, final: true });
  }
  void claimOutbox(await frozenProcess(), options).catch(() => {});
  await isStuckOrDone('claim_outbox');
  await putMessage(db.database, {
    team: 'T1',
    channel: 'OTHER',
    threadTs: '9.9',
    key: 'other',
    body: { kind: 'answer', text: 'short' },
    final: true,
  });
  const claimed = await within(5_000, claimOutbox(db.database, options));
  expect(claimed?.map(({ key }) => key)).toContain('other');
}, 30_000);

test('a gateway that freezes while it claims long messages keeps their locks for nobody', async () => {
  const entries = Array.from(
    { length: 32 },
    (_, n): InboxEntry => ({
      ...{ eventId: `E${n}`, kind: 'message', team: 'T1', channel: `C${n}`, threadTs: `${n}.1`, ts: `${n}.1` },
      ...{ author: 'U1', authorClass: 'unknown', address: 'mention', text: LONG, files: [] },
    }),
  );
  await keepEntries(
    db.database,
    entries.map((entry) => ({ keep: 'always', entry })),
  );
  void claimUndelivered(await frozenProcess(), 32, 100).catch(() => {});
  await isStuckOrDone('inbox_served');
  // Its claims have run out. Another gateway claims the same rows.
  const claimed = await within(
    5_000,
    until(async () => (await claimUndelivered(db.database, 32, 10_000)).length === 32, 'the rows to be claimed', 4_000),
  );
  expect(claimed).not.toBeNull();
}, 30_000);

test('a process that freezes with a lock, in the midst of a long answer, loses its connection and with it the lock', async () => {
  const frozen: Database = openDatabase({ url: db.url, name: 'frozen', unreadMs: 2_000 });
  const client = await frozen.connect();
  client.on('error', () => {});
  const stream = socketOf(client);
  ended.push(async () => {
    stream.destroy();
    client.release(true);
    await frozen.end();
  });
  await db.database.query("insert into inbox_served values ('T1', 'C1', now())");
  await client.query('begin');
  await client.query("update inbox_served set served_at = now() where channel = 'C1'");
  void client.query("select repeat('x', 50000000) as long").catch(() => {});
  stream.pause();
  const freed = await within(
    15_000,
    db.database.query("update inbox_served set served_at = now() where channel = 'C1'"),
  );
  expect(freed?.rowCount).toBe(1);
}, 40_000);
