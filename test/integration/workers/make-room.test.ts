import { pino } from 'pino';
import { createKeyedLock } from '../../../activities/keyed-lock.ts';
import { relayUidOf } from '../../../docker/sandbox-names.ts';
import { placeSandbox, sandboxById, setSandboxState } from '../../../store/sandboxes.ts';
import { getSession } from '../../../store/sessions.ts';
import { makeRoom } from '../../../workers/runner/make-room.ts';
import { newSession } from '../agent/support/session.ts';
import { createFixture, type Fixture } from '../docker/fixture.ts';
import { startWorld, type World } from '../proxy/support/world.ts';

const RUNNER = 'r1';
let fixture: Fixture;
let world: World;

beforeEach(async () => {
  fixture = await createFixture();
  world = await startWorld({ runDir: fixture.runDir });
}, 900_000);
afterEach(async () => {
  await world?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
}, 60_000);

const database = () => world.database.database;

/** A sandbox that has rested for so many minutes; one that runs for 0. */
async function sandbox(restedMinutes: number): Promise<string> {
  const session = await newSession(database());
  const id = `s${session.replaceAll(/\D/g, '')}`;
  const { agentUid } = await getSession(database(), session);
  await placeSandbox(database(), { id, session, runner: RUNNER, anew: false });
  await world.control.ensureListener(id, relayUidOf(agentUid));
  await fixture.runtime.provision({ id, session, runner: RUNNER, agentUid, caBundle: 'none\n' });
  await setSandboxState(database(), id, 'running');
  if (restedMinutes === 0) return id;
  await fixture.runtime.pause(id);
  await setSandboxState(database(), id, 'paused');
  const sql = 'update sandbox set changed_at = now() - make_interval(mins => $2) where id = $1';
  await database().query(sql, [id, restedMinutes]);
  return id;
}

const room = (capacity: number) =>
  makeRoom({
    runner: RUNNER,
    capacity,
    runtime: fixture.runtime,
    proxy: world.control,
    database: database(),
    lock: createKeyedLock(),
    log: pino({ enabled: false }),
  });

test('a full runner puts away what has rested longest, keeps its files, and touches nothing that runs', async () => {
  const [running, longest, shortest] = [await sandbox(0), await sandbox(20), await sandbox(10)];
  await room(4);
  expect(await sandboxById(database(), longest)).toMatchObject({ state: 'paused' });
  await room(3);
  expect(await sandboxById(database(), longest)).toMatchObject({ state: 'removed', hasWorkspace: true });
  expect(await fixture.runtime.state(longest)).toBe('missing');
  expect((await fixture.runtime.listVolumes()).map(({ id }) => id)).toContain(longest);
  expect((await world.control.listeners()).map(({ sandbox: id }) => id).sort()).toEqual([running, shortest].sort());
  expect(await fixture.runtime.state(shortest)).toBe('paused');
  await room(1);
  expect(await fixture.runtime.state(shortest)).toBe('missing');
  expect(await fixture.runtime.state(running)).toBe('running');
}, 60_000);

test('one that is woken at that moment stays', async () => {
  const id = await sandbox(20);
  await setSandboxState(database(), id, 'running');
  await room(1);
  expect(await sandboxById(database(), id)).toMatchObject({ state: 'running' });
});
