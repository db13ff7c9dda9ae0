import { pino } from 'pino';
import type { SandboxEntry } from '../../../docker/sandbox.ts';
import { placesOverview } from '../../../store/places.ts';
import { beat } from '../../../store/runners.ts';
import { freeForgottenPlaces, sandboxById, setSandboxState } from '../../../store/sandboxes.ts';
import { correctRows } from '../../../workers/runner/correct-rows.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { placedSandbox } from '../../support/placed-sandbox.ts';
import { newSession, sayAndBegin } from '../agent/support/session.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
  await beat(db.database, { id: 'r1', capacity: 60, runtime: 'runc', lacks: [] });
});
afterEach(() => db[Symbol.asyncDispose]());

let serial = 0;

/** A sandbox that is said to run; its turn runs, or has ended so many seconds ago. */
async function sandbox(ended: number | null): Promise<string> {
  const session = await newSession(db.database);
  const turn = await sayAndBegin(db.database, session, 'work');
  serial += 1;
  const id = `sb${serial}`;
  await placedSandbox(db.database, { id, session, runner: 'r1', turn });
  await setSandboxState(db.database, id, 'running');
  if (ended !== null) {
    const sql = "update turn set state = 'answered', ended_at = now() - make_interval(secs => $2) where session = $1";
    await db.database.query(sql, [session, ended]);
  }
  return id;
}

const start = (present: readonly string[]) =>
  correctRows({
    runner: 'r1',
    database: db.database,
    log: pino({ enabled: false }),
    runtime: { list: async () => present.map((id) => ({ id, runner: 'r1' }) as SandboxEntry) },
  });

const r1 = async () => (await placesOverview(db.database)).runners[0];

test('a runner that starts without containers has no sandbox any more, and its places are free', async () => {
  for (let n = 0; n < 54; n += 1) await sandbox(1);
  expect(await r1()).toMatchObject({ working: 54 });
  await start([]);
  expect(await r1()).toMatchObject({ working: 0, resting: 0 });
});

test('a sandbox whose container is there stays, and a turn that still runs keeps its place', async () => {
  const [there, gone] = [await sandbox(1), await sandbox(null)];
  await start([there]);
  expect(await sandboxById(db.database, there)).toMatchObject({ state: 'running' });
  expect(await sandboxById(db.database, gone)).toMatchObject({ state: 'removed', hasWorkspace: true });
  expect(await r1()).toMatchObject({ working: 2 });
});

test('the place of a turn that ended without giving it back becomes free, and that of a turn that ends now is left to it', async () => {
  const [forgotten] = [await sandbox(200), await sandbox(5), await sandbox(null)];
  expect(await freeForgottenPlaces(db.database, 'r1')).toEqual([forgotten]);
  expect(await r1()).toMatchObject({ working: 2 });
});
