import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { createEndAbandonedTurn } from '../../../activities/end-turn.ts';
import { createHousekeepingActivities } from '../../../activities/housekeeping.ts';
import type { HousekeepingActivities } from '../../../contracts/housekeeping.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { scheduleIdOf } from '../../../contracts/schedules.ts';
import { openConnection } from '../../../setup/temporal/connection.ts';
import { RETENTION_DAYS } from '../../../store/retention.ts';
import { isSessionOpen } from '../../../workers/is-session-open.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { startTemporal } from '../../support/temporal.ts';
import { newSession } from '../agent/support/session.ts';

let temporal: TestWorkflowEnvironment;
let db: TestDatabase;
let asked: SessionId[];
let housekeeping: HousekeepingActivities;

beforeAll(async () => {
  [temporal, db] = await Promise.all([startTemporal(), createTestDatabase()]);
}, 60_000);
beforeEach(async () => {
  await db.database.query('update turn set state = $1 where state = $2', ['answered', 'running']);
  asked = [];
  const { database } = db;
  housekeeping = createHousekeepingActivities({
    database,
    client: temporal.client,
    endAbandonedTurn: createEndAbandonedTurn({ database }),
    isSessionOpen(client, session) {
      asked.push(session);
      return isSessionOpen(client, session);
    },
    retention: RETENTION_DAYS,
    log: pino({ level: 'silent' }),
    clock: Date.now,
  });
});
afterAll(async () => {
  await temporal?.teardown();
  await db?.[Symbol.asyncDispose]();
});

/** A turn under way that began so many seconds ago. */
async function running(secondsAgo: number): Promise<SessionId> {
  const session = await newSession(db.database);
  await db.database.query(
    `insert into turn (session, number, claim, requester, started_at) values ($1, 1, $1, 'U1', now() - $2 * interval '1 second')`,
    [session, secondsAgo],
  );
  return session;
}

async function stateOf(session: SessionId) {
  const { rows } = await db.database.query('select state, failure from turn where session = $1', [session]);
  return rows[0];
}

/** A workflow that nobody works on: it stays open. */
const open = (session: SessionId) =>
  temporal.client.workflow.start('threadSession', { workflowId: session, taskQueue: 'nobody', args: [{ session }] });

test('a turn whose workflow is gone is ended and its thread is told; one that works on is not looked at', async () => {
  const gone = await running(60);
  const young = await running(5);
  const terminated = await running(60);
  await (await open(terminated)).terminate();
  const working = await running(3_600);
  await db.database.query(
    `insert into step (session, turn, number, kind, state, started_at) values ($1, 1, 7, 'model', 'running', now())`,
    [working],
  );
  expect(await housekeeping.endAbandonedTurns()).toEqual({ againInMs: 15_000 });
  expect(asked.sort()).toEqual([gone, terminated].sort());
  for (const session of [gone, terminated]) {
    expect(await stateOf(session)).toEqual({ state: 'failed', failure: 'SessionEnded' });
    const told = await db.database.query(
      "select body ->> 'kind' as kind, final from outbox where session = $1 order by id",
      [session],
    );
    expect(told.rows).toEqual([
      { kind: 'gone', final: true },
      { kind: 'answer', final: true },
    ]);
  }
  for (const session of [young, working]) expect(await stateOf(session)).toEqual({ state: 'running', failure: null });
});

test('a silent turn whose workflow is open is asked about once in a while, not in every round', async () => {
  const session = await running(3_600);
  await open(session);
  await housekeeping.endAbandonedTurns();
  await housekeeping.endAbandonedTurns();
  expect(asked).toEqual([session]);
  await db.database.query("update turn set looked_at = now() - interval '31 seconds' where session = $1", [session]);
  await housekeeping.endAbandonedTurns();
  expect(asked).toEqual([session, session]);
  expect(await stateOf(session)).toMatchObject({ state: 'running' });
});

test('a round looks at a hundred turns at most, and the next one comes at once', async () => {
  const sessions: SessionId[] = [];
  for (let n = 0; n < 130; n += 1) sessions.push(await running(100 + n));
  expect(await housekeeping.endAbandonedTurns()).toEqual({ againInMs: 0 });
  expect(asked).toHaveLength(100);
  // Those that were silent for longest come first.
  expect(asked).not.toContain(sessions[0]);
  expect(await housekeeping.endAbandonedTurns()).toEqual({ againInMs: 15_000 });
  expect(new Set(asked).size).toBe(130);
});

test('while Temporal cannot be asked, the round fails in time and ends nothing', async () => {
  const session = await running(60);
  const { database } = db;
  const broken = createHousekeepingActivities({
    database,
    client: temporal.client,
    endAbandonedTurn: () => Promise.reject(new Error('not this one')),
    isSessionOpen: () => Promise.reject(new Error('14 UNAVAILABLE')),
    retention: RETENTION_DAYS,
    log: pino({ level: 'silent' }),
    clock: Date.now,
  });
  await expect(broken.endAbandonedTurns()).rejects.toThrow('UNAVAILABLE');
  expect(await stateOf(session)).toEqual({ state: 'running', failure: null });
});

test('a round whose questions Temporal never answers ends at its deadline, and ends nothing', async () => {
  const session = await running(60);
  const { database } = db;
  // It takes connections and says nothing, like a server that is frozen.
  const sockets: net.Socket[] = [];
  const silent = net.createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const connection = openConnection({ address: `127.0.0.1:${(silent.address() as net.AddressInfo).port}` });
  const hanging = createHousekeepingActivities({
    database,
    client: new Client({ connection }),
    endAbandonedTurn: () => Promise.reject(new Error('not this one')),
    isSessionOpen,
    retention: RETENTION_DAYS,
    log: pino({ level: 'silent' }),
    // A round has 20 s, and this one began 19 s ago.
    clock: () => Date.now() - 19_000,
  });
  const outcome = hanging.endAbandonedTurns().then(
    () => 'ended',
    () => 'failed',
  );
  expect(await Promise.race([outcome, sleep(8_000, 'hangs', { ref: false })])).toBe('failed');
  expect(await stateOf(session)).toEqual({ state: 'running', failure: null });
  await connection.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
}, 30_000);

test('what is past its retention is deleted in rounds of a few seconds', async () => {
  const { database } = db;
  await database.query(
    `insert into person (team, id, name, class, seen_at)
     select 'T1', 'U' || n, 'x', 'member', now() - interval '1 year' from generate_series(1, 1700) n`,
  );
  let round = await housekeeping.deleteOldRows();
  while (round.againInMs < 3_600_000) round = await housekeeping.deleteOldRows();
  expect((await database.query('select 1 from person')).rows).toEqual([]);
});

test('a kind that is kept for ever is not deleted', async () => {
  const { database } = db;
  await database.query(
    "insert into person (team, id, name, class, seen_at) values ('T1', 'U1', 'x', 'member', 'epoch')",
  );
  const forever = createHousekeepingActivities({
    database,
    client: temporal.client,
    endAbandonedTurn: async () => undefined,
    isSessionOpen,
    retention: { ...RETENTION_DAYS, directory: null },
    log: pino({ level: 'silent' }),
    clock: Date.now,
  });
  expect(await forever.deleteOldRows()).toEqual({ againInMs: 3_600_000 });
  expect((await database.query('select id from person')).rows).toEqual([{ id: 'U1' }]);
});

test('schedules are brought in step', async () => {
  await db.database.query(
    `insert into schedule (name, team, channel, cron, timezone, prompt, policy_version)
     values ('report', 'T1', 'C1', '0 9 * * 1', 'UTC', 'do it', 1)`,
  );
  expect(await housekeeping.syncSchedules()).toEqual({ againInMs: 60_000 });
  await expect(temporal.client.schedule.getHandle(scheduleIdOf('report')).describe()).resolves.toBeDefined();
});
