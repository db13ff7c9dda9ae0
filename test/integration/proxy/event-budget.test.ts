import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EgressEvent } from '../../../contracts/egress.ts';
import { egressCounts, egressEventsOf } from '../../../store/egress-events.ts';
import { turnTotals } from '../../../store/turns.ts';
import { until } from '../../support/until.ts';
import { type StandardWorld, startStandardWorld } from './support/standard-world.ts';
import { S1, SCOPE_1, sessionOf } from './support/world.ts';

const OWN_ROWS = 50;
const FLOOD = 1_500;

let standard: StandardWorld;
let isAway = false;
beforeEach(async () => {
  isAway = false;
  standard = await startStandardWorld({
    overrides: {
      eventsPerTurn: OWN_ROWS,
      wrapStore: (real) => ({
        ...real,
        storeEvents: (events) => (isAway ? Promise.reject(new Error('away')) : real.storeEvents(events)),
      }),
    },
  });
});
afterEach(() => standard[Symbol.asyncDispose]());

/** Sends requests, eight at a time, and resolves when all are answered. */
async function flood(count: number): Promise<void> {
  let left = count;
  const send = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      expect((await standard.world.sandbox(S1).request('http://plain.test/simple?day=1')).status).toBe(200);
    }
  };
  await Promise.all(Array.from({ length: 8 }, send));
}

const database = () => standard.world.database.database;
const session = sessionOf(S1);
const storedCounts = () => egressCounts(database(), session, 1);
const countsOfLease = async () => (await standard.world.control.lease(S1)).counts;

function spoolBytes(): number {
  const folder = path.join(standard.world.folder, 'spool');
  return readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
}

test('a flood of allowed and refused requests leaves a bounded number of rows with exact counts', async () => {
  await flood(FLOOD);
  for (let n = 0; n < 60; n += 1)
    await standard.world
      .sandbox(S1)
      .request(`https://evil${n % 3}.test/`)
      .catch(() => null);
  await until(async () => {
    const { forwarded, blocked } = await storedCounts();
    return forwarded === FLOOD && blocked === 60;
  }, 'exact counts in the database');
  const { injected, forwarded, blocked, bytesOut } = await storedCounts();
  expect(await countsOfLease()).toEqual({ injected, forwarded, blocked, bytesOut });

  const events = await egressEventsOf(database(), session);
  const shared = events.filter(({ requests = 1 }) => requests > 1);
  expect(events).toHaveLength(OWN_ROWS + 4);
  expect(shared.map(({ host, outcome, requests }: EgressEvent) => [host, outcome, requests]).sort()).toEqual([
    ['evil0.test', 'blocked', 20],
    ['evil1.test', 'blocked', 20],
    ['evil2.test', 'blocked', 20],
    ['plain.test', 'forwarded', FLOOD - OWN_ROWS],
  ]);

  // The line under the answer counts the same.
  await database().query(
    `insert into session (id, team, channel, thread_ts, scope, principal) values ($1, 'T', 'C', '1', 's', 'p')`,
    [session],
  );
  await database().query(`insert into turn (session, number, claim, requester) values ($1, 1, 'a', 'U1')`, [session]);
  expect(await turnTotals(database(), session, 1)).toMatchObject({ forwarded: FLOOD, blocked: 60 });
}, 60_000);

test('while the database is away a flood does not fill the spool, and nothing of it is lost', async () => {
  isAway = true;
  await flood(100);
  const before = standard.world.proxy.health().spoolBytes;
  await flood(FLOOD);
  expect(standard.world.proxy.health().spoolBytes).toBe(before);
  expect(spoolBytes()).toBeLessThan(before + 2 * 1024 * 1024);
  isAway = false;
  await until(async () => (await storedCounts()).forwarded === FLOOD + 100, 'exact counts in the database', 20_000);
}, 60_000);

test('a proxy that starts again goes on in rows of its own, and the counts of the turn stay exact', async () => {
  isAway = true;
  await flood(200);
  await standard.world.restart();
  await standard.world.openLease(S1, SCOPE_1, 1, 2);
  await flood(200);
  isAway = false;
  await until(async () => (await storedCounts()).forwarded === 400, 'exact counts in the database', 20_000);
  // Whatever is stored once more changes nothing.
  await sleep(100);
  expect((await storedCounts()).forwarded).toBe(400);
  expect((await egressEventsOf(database(), session)).length).toBe(2 * (OWN_ROWS + 1));
}, 60_000);
