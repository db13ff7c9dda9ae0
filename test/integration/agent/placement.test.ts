import { createPlaceSandbox } from '../../../activities/place-sandbox.ts';
import { createTellThread } from '../../../activities/tell-thread.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { beat, setDraining } from '../../../store/runners.ts';
import { setSandboxState } from '../../../store/sandboxes.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { newSession } from './support/session.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const runner = (id: string, capacity: number) => beat(db.database, { id, capacity, runtime: 'runc', imageReady: true });

function place(session: SessionId) {
  const { database } = db;
  return createPlaceSandbox({ database, tellThread: createTellThread(database) })({ session, turn: 1 });
}

async function told(session: SessionId): Promise<string[]> {
  const { rows } = await db.database.query<{ text: string }>(
    "select body ->> 'text' as text from outbox where session = $1 order by id",
    [session],
  );
  return rows.map(({ text }) => text);
}

test('of thirty placements at the same time as many succeed as there is room, and the others are told to wait', async () => {
  await Promise.all([runner('r1', 3), runner('r2', 2)]);
  const sessions = await Promise.all(Array.from({ length: 30 }, () => newSession(db.database)));
  const results = await Promise.allSettled(sessions.map(place));
  const placed = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.runner] : []));
  expect(placed.sort()).toEqual(['r1', 'r1', 'r1', 'r2', 'r2']);
  const refused = sessions.filter((_, index) => results[index]?.status === 'rejected');
  for (const session of refused) {
    await expect(place(session)).rejects.toMatchObject({ type: 'RunnersFull', nonRetryable: false });
    expect(await told(session)).toEqual([expect.stringMatching(/All sandboxes are in use right now/)]);
  }
});

test('a session goes back to the runner of its sandbox, full or draining', async () => {
  await runner('r1', 1);
  const session = await newSession(db.database);
  const first = await place(session);
  await setDraining(db.database, 'r1', true);
  expect(await place(session)).toEqual(first);
  await expect(place(await newSession(db.database))).rejects.toMatchObject({ type: 'RunnersFull' });
});

test('without a runner the thread is told that one is waited for, once', async () => {
  const session = await newSession(db.database);
  await expect(place(session)).rejects.toMatchObject({ type: 'RunnerUnavailable', nonRetryable: false });
  await expect(place(session)).rejects.toMatchObject({ type: 'RunnerUnavailable' });
  expect(await told(session)).toEqual([expect.stringMatching(/No machine .* is up right now\. I wait for one/)]);
});

test('a session whose runner has been silent for a while waits for it, and says so', async () => {
  await Promise.all([runner('r1', 5), runner('r2', 5)]);
  const session = await newSession(db.database);
  const { runner: home } = await place(session);
  await db.database.query("update runner set beat_at = now() - interval '30 seconds' where id = $1", [home]);
  await expect(place(session)).rejects.toMatchObject({ type: 'RunnerUnavailable' });
  expect(await told(session)).toEqual([expect.stringContaining(home)]);
});

test('a session whose runner has been silent for a minute is placed anew, and told that its files are lost', async () => {
  await Promise.all([runner('r1', 5), runner('r2', 5)]);
  const session = await newSession(db.database);
  const before = await place(session);
  await setSandboxState(db.database, before.sandbox, 'running');
  await db.database.query("update runner set beat_at = now() - interval '61 seconds' where id = $1", [before.runner]);
  const after = await place(session);
  expect(after).toEqual({ runner: before.runner === 'r1' ? 'r2' : 'r1', sandbox: expect.any(String), filesLost: true });
  expect(after.sandbox).not.toBe(before.sandbox);
  expect(await told(session)).toEqual([expect.stringMatching(/is gone, so the files of earlier turns are lost/)]);
  expect(await place(session)).toEqual({ ...after, filesLost: false });
});
