import { pino } from 'pino';
import { createKeyedLock } from '../../../activities/keyed-lock.ts';
import { relayUidOf } from '../../../docker/sandbox-names.ts';
import { sandboxById, setSandboxState } from '../../../store/sandboxes.ts';
import { getSession } from '../../../store/sessions.ts';
import { makeRoom, spareOf } from '../../../workers/runner/make-room.ts';
import { placedSandbox } from '../../support/placed-sandbox.ts';
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
  await placedSandbox(database(), { id, session, runner: RUNNER, turn: restedMinutes === 0 ? 1 : null });
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

function room(capacity: number, spare = spareOf(capacity), lock = createKeyedLock()): Promise<void> {
  const dependencies = {
    runner: RUNNER,
    capacity,
    runtime: fixture.runtime,
    proxy: world.control,
    database: database(),
    lock,
    log: pino({ enabled: false }),
  };
  return makeRoom(dependencies, spare);
}

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
  await database().query('update sandbox set working_turn = 2 where id = $1', [id]);
  await room(1);
  expect(await fixture.runtime.state(id)).toBe('paused');
});

test('when a place is needed, one that only rests makes room for it, also one whose turn has just ended', async () => {
  const [coming, justEnded] = [await sandbox(0), await sandbox(0)];
  await database().query('update sandbox set working_turn = null where id = $1', [justEnded]);
  await room(2, 0);
  expect(await fixture.runtime.state(justEnded)).toBe('running');
  await room(1, 0);
  expect(await fixture.runtime.state(justEnded)).toBe('missing');
  expect(await sandboxById(database(), justEnded)).toMatchObject({ state: 'removed', hasWorkspace: true });
  expect(await fixture.runtime.state(coming)).toBe('running');
}, 60_000);

test('several that come at once put away as many as are needed and not more', async () => {
  await sandbox(0);
  const [longest, shortest] = [await sandbox(20), await sandbox(10)];
  const lock = createKeyedLock();
  await Promise.all([1, 2, 3].map(() => room(2, 0, lock)));
  expect(await fixture.runtime.state(longest)).toBe('missing');
  expect(await fixture.runtime.state(shortest)).toBe('paused');
}, 60_000);
