import { closeEntry, type InboxEntry, takeOverdue } from '../../../store/inbox.ts';
import { claimUndelivered, holdEntries, makeDue, postponeEntry, putBackEntry } from '../../../store/inbox-claims.ts';
import { keepEntries } from '../../../store/inbox-intake.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

let count = 0;
async function put(channel: string, threadTs: string, kind: InboxEntry['kind'] = 'message'): Promise<string> {
  count += 1;
  const ts = `${count}.000001`;
  const entry: InboxEntry = {
    eventId: `E${count}`,
    kind,
    team: 'T1',
    channel,
    threadTs,
    ts,
    author: 'U1',
    authorClass: 'unknown',
    address: 'mention',
    text: 'x',
    files: [],
  };
  await keepEntries(db.database, [{ keep: 'always', entry }]);
  const { rows } = await db.database.query<{ id: string }>('select max(id) as id from inbox');
  return rows[0]?.id ?? '';
}

async function claim(limit: number, leaseMs = 10_000): Promise<string[]> {
  return (await claimUndelivered(db.database, limit, leaseMs)).map((row) => row.id);
}

async function end(id: string): Promise<void> {
  await closeEntry(db.database, id, 'context', { authorClass: 'member', text: 'x' });
}

test('of a busy thread one row is taken, and the next one when that is done', async () => {
  const busy = [await put('C1', '1.1'), await put('C1', '1.1'), await put('C1', '1.1')];
  const other = await put('C1', '2.2');
  expect(await claim(10)).toEqual([busy[0], other]);
  expect(await claim(10)).toEqual([]);
  await end(busy[0] ?? '');
  expect(await claim(10)).toEqual([busy[1]]);
});

test('a stop does not wait behind the messages of its thread', async () => {
  await put('C1', '1.1');
  await claim(10);
  await put('C1', '1.1');
  const stop = await put('C1', '1.1', 'stop');
  expect(await claim(10)).toEqual([stop]);
});

test('channels take turns, whatever one of them has waiting', async () => {
  for (let n = 0; n < 20; n += 1) await put('C1', `${n}.1`);
  const quiet = await put('C2', '1.1');
  const first = await claim(2);
  expect(first).toContain(quiet);
  const second = [await put('C2', '2.1'), await put('C3', '1.1')];
  // C3 was never served; C1 and C2 were served in the same moment and take turns from there.
  expect(await claim(1)).toEqual([second[1]]);
  expect((await claim(2)).filter((id) => id === second[0])).toHaveLength(1);
});

test('a row that has failed is taken again when it is due, though new rows keep coming', async () => {
  const failing = await put('C1', '1.1');
  for (let n = 0; n < 8; n += 1) {
    await claim(10);
    await postponeEntry(db.database, failing, 0);
  }
  for (let n = 0; n < 20; n += 1) await put('C1', `${n + 2}.1`);
  expect(await claim(1)).toEqual([failing]);
});

test('a row that waits for its next try lets those behind it in its thread pass', async () => {
  const failing = await put('C1', '1.1');
  const behind = await put('C1', '1.1');
  await claim(10);
  await postponeEntry(db.database, failing, 60_000);
  expect(await claim(10)).toEqual([behind]);
});

test('a row that was put back has used no attempt, and is due when its reason to wait is gone', async () => {
  const id = await put('C1', '1.1');
  await claim(10);
  await putBackEntry(db.database, id, 60_000);
  expect(await claim(10)).toEqual([]);
  await makeDue(db.database, [id]);
  const [row] = await claimUndelivered(db.database, 10, 10_000);
  expect(row).toMatchObject({ id, attempts: 1 });
});

test('two gateways that claim at once never work on the same thread', async () => {
  for (let n = 0; n < 60; n += 1) await put('C1', `${n % 6}.1`);
  const taken = await Promise.all(Array.from({ length: 8 }, () => claimUndelivered(db.database, 6, 10_000)));
  const sessions = taken.flat().map((row) => row.session);
  expect(sessions).toHaveLength(6);
  expect(new Set(sessions).size).toBe(6);
});

test('a claimed row is left to its holder, and another worker claims it when the holder is gone', async () => {
  const id = await put('C1', '1.1');
  await claim(10, 200);
  await holdEntries(db.database, [id], 60_000);
  await new Promise((resolve) => setTimeout(resolve, 250));
  expect(await claim(10)).toEqual([]);
  await holdEntries(db.database, [id], 0);
  expect(await claim(10)).toEqual([id]);
});

test('a late extension of a claim does not hold a row that was put back', async () => {
  const id = await put('C1', '1.1');
  await claim(10);
  await putBackEntry(db.database, id, 60_000);
  await holdEntries(db.database, [id], 60_000);
  await makeDue(db.database, [id]);
  expect(await claim(10)).toEqual([id]);
});

test('threads that wait too long are told in bounded numbers, those that waited longest first, each once', async () => {
  for (const thread of ['1.1', '2.2', '3.3']) await put('C1', thread);
  await db.database.query("update inbox set received_at = now() - (interval '1 hour' / id)");
  const told = async () => (await takeOverdue(db.database, 60_000, 2)).map(({ threadTs }) => threadTs);
  expect((await told()).sort()).toEqual(['1.1', '2.2']);
  expect(await told()).toEqual(['3.3']);
  expect(await told()).toEqual([]);
});
