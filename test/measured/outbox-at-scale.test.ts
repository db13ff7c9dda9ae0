/** The outbox with 100,000 rows that wait in 10,000 channels. */
import { SLACK_LIMITS } from '../../slack/api/rate-limits.ts';
import { sendingLimits } from '../../slack/sending/sending-limits.ts';
import { outboxBacklog } from '../../store/outbox.ts';
import { contention } from '../support/contention.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const TEAM = 'T1';
const LIMITS = sendingLimits(SLACK_LIMITS);
const BAR_MS = 5;
const BACKLOG_BAR_MS = 50;

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
  await seed();
}, 120_000);
afterEach(() => db[Symbol.asyncDispose]());

/**
 * How many whole tables a statement read, also inside functions, and how long it took in half of the runs.
 */
async function cost(sql: string, values: readonly unknown[]): Promise<{ scans: number; medianMs: number }> {
  const client = await db.database.connect();
  // The server counts what this connection has read, and a plan does not show what functions read.
  const wholeTables = async (): Promise<number> => {
    const { rows } = await client.query(
      `select coalesce(sum(seq_scan), 0)::int as scans from pg_stat_xact_user_tables
       where relname in ('outbox', 'outbox_lane')`,
    );
    return rows[0].scans;
  };
  try {
    const times: number[] = [];
    let scans = 0;
    for (let n = 0; n < 21; n += 1) {
      await client.query('begin');
      const before = await wholeTables();
      const { rows } = await client.query(`explain (analyze, buffers, format json) ${sql}`, [...values]);
      times.push(rows[0]['QUERY PLAN'][0]['Execution Time']);
      scans += (await wholeTables()) - before;
      await client.query('commit');
    }
    return { scans, medianMs: times.sort((a, b) => a - b)[10] ?? 0 };
  } finally {
    client.release();
  }
}

/** In slices, so that no statement meets its time limit on a busy machine. */
async function seed(): Promise<void> {
  for (let from = 1; from <= 100_000; from += 10_000) {
    await db.database.query(
      `insert into outbox (key, kind, team, channel, thread_ts, body, final)
       select 'k' || n, case when n % 5 = 0 then 'reaction' else 'message' end, 'T1', 'C' || n % 10000, n || '.1',
         case when n % 5 = 0 then '{"ts": "1.1", "name": "eyes"}'::jsonb else '{"kind": "answer", "text": "x"}'::jsonb end, true
       from generate_series($1::int, $1 + 9999) as n`,
      [from],
    );
    await db.database.query('select queue_outbox(5000) + queue_outbox(5000)');
  }
  await db.database.query('vacuum analyze outbox, outbox_lane');
}

test('a claim reads by index alone and takes a few milliseconds, with tokens and without', async () => {
  const sql = "select * from claim_outbox($1, $2, $3, $4, $5 * interval '1 millisecond')";
  const limits = (perSecond: number) =>
    JSON.stringify(
      LIMITS.map((limit) => ({
        ...{ method: limit.method, capacity: limit.capacity, reserve: limit.reserve, per_channel: limit.perChannel },
        per_second: perSecond,
      })),
    );
  const one = await cost(sql, [TEAM, limits(1), 1, 0, 15_000]);
  const nothing = await cost(sql, [TEAM, limits(0.000_001), 0, 0, 15_000]);
  await db.database.query(
    "update outbox_lane set turn_at = now() + interval '1 hour' where method = 'chat.postMessage'",
  );
  await db.database.query('update rate_bucket set tokens = 0');
  const limited = await cost(sql, [TEAM, limits(0.000_001), 32, 0, 15_000]);
  for (const { scans, medianMs } of [one, nothing, limited]) {
    expect(scans).toBe(0);
    expect(medianMs).toBeLessThan(BAR_MS * contention());
  }
}, 120_000);

test('the backlog is told by index alone and in a few milliseconds', async () => {
  const times: number[] = [];
  for (let n = 0; n < 5; n += 1) {
    const began = performance.now();
    const backlog = await outboxBacklog(db.database);
    times.push(performance.now() - began);
    expect(backlog[0]?.due).toBe(1_000);
  }
  expect(times.sort((a, b) => a - b)[2]).toBeLessThan(BACKLOG_BAR_MS * contention());
}, 120_000);
