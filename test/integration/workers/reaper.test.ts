import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { createKeyedLock } from '../../../activities/keyed-lock.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { relayUidOf } from '../../../docker/sandbox-names.ts';
import { sandboxById, setSandboxState } from '../../../store/sandboxes.ts';
import { getSession } from '../../../store/sessions.ts';
import { type ReaperDependencies, reap } from '../../../workers/runner/reaper.ts';
import { placedSandbox } from '../../support/placed-sandbox.ts';
import { startTemporal } from '../../support/temporal.ts';
import { newSession } from '../agent/support/session.ts';
import { createFixture, type Fixture } from '../docker/fixture.ts';
import { startWorld, type World } from '../proxy/support/world.ts';

let temporal: TestWorkflowEnvironment;
let fixture: Fixture;
let world: World;
let dependencies: ReaperDependencies;
const lock = createKeyedLock();
const RUNNER = 'r1';
const RETENTION_HOURS = 24;

beforeAll(async () => {
  [temporal, fixture] = await Promise.all([startTemporal(), createFixture()]);
  world = await startWorld({ runDir: fixture.runDir });
  dependencies = {
    runner: RUNNER,
    runtime: fixture.runtime,
    proxy: world.control,
    client: temporal.client,
    database: world.database.database,
    lock,
    retentionHours: RETENTION_HOURS,
    log: pino({ enabled: false }),
  };
}, 900_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await fixture?.[Symbol.asyncDispose]();
  await temporal?.teardown();
}, 60_000);

interface Place {
  readonly id: string;
  readonly session: SessionId;
  readonly agentUid: number;
}

const database = () => world.database.database;
const open = ({ session }: Place) =>
  temporal.client.workflow.start('threadSession', { taskQueue: 'nobody', workflowId: session, args: [{ session }] });

/** A session that has a place on this runner and no workflow. */
async function placed(): Promise<Place> {
  const session = await newSession(database());
  const id = `s${session.replaceAll(/\D/g, '')}`;
  await placedSandbox(database(), { id, session, runner: RUNNER, turn: null });
  return { id, session, agentUid: (await getSession(database(), session)).agentUid };
}

/** Brings a sandbox up as `bringUp` does: socket, container, row. */
async function bringUp({ id, session, agentUid }: Place): Promise<void> {
  await world.control.ensureListener(id, relayUidOf(agentUid));
  await fixture.runtime.provision({ id, session, runner: RUNNER, agentUid, caBundle: 'none\n' });
  await setSandboxState(database(), id, 'running');
}

async function running(): Promise<Place> {
  const place = await placed();
  await bringUp(place);
  await lastChanged(place, 1);
  return place;
}

/** Nobody has touched it for so many hours. */
async function lastChanged({ id }: Place, hours: number): Promise<void> {
  const sql = 'update sandbox set changed_at = now() - make_interval(hours => $2) where id = $1';
  await database().query(sql, [id, hours]);
}

/** One that was put away so many hours ago; its workspace is kept. */
async function putAway(hours: number): Promise<Place> {
  const place = await placed();
  await bringUp(place);
  await fixture.runtime.remove(place.id);
  await world.control.removeListener(place.id);
  await setSandboxState(database(), place.id, 'removed');
  await lastChanged(place, hours);
  return place;
}

/** What is there of a sandbox. */
async function partsOf({ id }: Place) {
  const [state, volumes, socket, row] = await Promise.all([
    fixture.runtime.state(id),
    fixture.runtime.listVolumes(),
    stat(join(fixture.runDir, id, 'proxy.sock')).catch(() => null),
    sandboxById(database(), id),
  ]);
  return {
    container: state,
    workspace: volumes.some((each) => each.id === id),
    socket: socket !== null,
    row: row?.state ?? null,
  };
}

const WHOLE = { container: 'running', workspace: true, socket: true, row: 'running' };
const KEPT = { container: 'missing', workspace: true, socket: false, row: 'removed' };
const NOTHING = { container: 'missing', workspace: false, socket: false };

const listeners = async () => (await world.control.listeners()).map(({ sandbox }) => sandbox);

// The first test: nothing else has left a container yet.
test.each(['without any container', 'with one'])(
  'while Temporal cannot be asked no container, stray socket or expired workspace goes: %s',
  async (how) => {
    const expired = await putAway(RETENTION_HOURS + 1);
    const closed = how === 'with one' ? await running() : null;
    await world.control.ensureListener('stray', 1_000_000_000);
    const connection = Connection.lazy({ address: '127.0.0.1:1' });
    await expect(reap({ ...dependencies, client: new Client({ connection }) })).rejects.toThrow();
    await connection.close();
    expect(await partsOf(expired)).toEqual(KEPT);
    if (closed) expect(await partsOf(closed)).toEqual(WHOLE);
    expect(await listeners()).toContain('stray');

    await reap(dependencies);
    expect(await partsOf(expired)).toMatchObject(NOTHING);
    if (closed) expect(await partsOf(closed)).toEqual(KEPT);
    expect(await listeners()).not.toContain('stray');
  },
);

test('what a closed session has left is removed, with its workspace kept; an open one keeps everything', async () => {
  const [closed, going] = [await running(), await running()];
  await open(going);
  await reap(dependencies);
  expect(await partsOf(closed)).toEqual(KEPT);
  expect(await partsOf(going)).toEqual(WHOLE);
});

test('a workspace is kept for its time and not longer', async () => {
  const [young, old] = [await putAway(RETENTION_HOURS - 1), await putAway(RETENTION_HOURS + 1)];
  await reap(dependencies);
  expect(await partsOf(young)).toEqual(KEPT);
  expect(await partsOf(old)).toMatchObject(NOTHING);
  expect(await sandboxById(database(), old.id)).toMatchObject({ hasWorkspace: false });
});

test('a place whose session was terminated before it had a container becomes free', async () => {
  const [left, waiting] = [await placed(), await placed()];
  await Promise.all([lastChanged(left, 1), lastChanged(waiting, 1)]);
  await open(waiting);
  await reap(dependencies);
  expect(await partsOf(left)).toMatchObject({ ...NOTHING, row: 'removed' });
  expect(await partsOf(waiting)).toMatchObject({ ...NOTHING, row: 'placed' });
});

test('a thread that is placed and comes up during a round loses nothing', async () => {
  const late: Place[] = [];
  const comesUp = async () => {
    const place = await placed();
    await open(place);
    await bringUp(place);
    late.push(place);
  };
  const { runtime, proxy } = dependencies;
  const after = async <T>(found: Promise<T>): Promise<T> => {
    const seen = await found;
    await comesUp();
    return seen;
  };
  await reap({
    ...dependencies,
    runtime: { ...runtime, list: () => after(runtime.list()), listVolumes: () => after(runtime.listVolumes()) },
    proxy: { ...proxy, listeners: () => after(proxy.listeners()) },
  });
  expect(late).toHaveLength(3);
  for (const place of late) expect(await partsOf(place)).toEqual(WHOLE);
});

test.each([
  ['container and socket', running, WHOLE],
  ['expired workspace', () => putAway(RETENTION_HOURS + 1), { ...KEPT, row: 'placed' }],
])('a session that wakes while the reaper waits for its lock keeps its %s', async (_, left, kept) => {
  const place = await left();
  const busy = Promise.withResolvers<void>();
  const woken = lock(place.id, () => busy.promise);
  const asked = Promise.withResolvers<void>();
  const round = reap({
    ...dependencies,
    lock: (key, work) => {
      if (key === place.id) asked.resolve();
      return lock(key, work);
    },
  });
  await asked.promise;
  await open(place);
  await placedSandbox(database(), { ...place, runner: RUNNER, turn: 1 });
  busy.resolve();
  await Promise.all([woken, round]);
  expect(await partsOf(place)).toEqual(kept);
});

test('what another process has claimed, or somebody has just touched, is left alone', async () => {
  const [claimed, touched] = [await running(), await running()];
  await database().query('update sandbox set reaper_claim = now() where id = $1', [claimed.id]);
  await database().query('update sandbox set changed_at = now() where id = $1', [touched.id]);
  await reap(dependencies);
  expect(await partsOf(claimed)).toEqual(WHOLE);
  expect(await partsOf(touched)).toEqual(WHOLE);
});

test('what a session left here before it was placed anew elsewhere goes with its workspace', async () => {
  const [withContainer, withWorkspace] = [await running(), await putAway(1)];
  for (const { id, session } of [withContainer, withWorkspace])
    await placedSandbox(database(), { id: `${id}anew`, session, runner: 'r2', turn: 1 });
  await reap(dependencies);
  expect(await partsOf(withContainer)).toEqual({ ...NOTHING, row: null });
  expect(await partsOf(withWorkspace)).toEqual({ ...NOTHING, row: null });
});

test('one that cannot be removed does not keep the others', async () => {
  const [stuck, closed] = [await running(), await running()];
  const remove = (id: string) => (id === stuck.id ? Promise.reject(new Error('stuck')) : fixture.runtime.remove(id));
  await reap({ ...dependencies, runtime: { ...fixture.runtime, remove } });
  expect(await partsOf(stuck)).toEqual(WHOLE);
  expect(await partsOf(closed)).toEqual(KEPT);
});
