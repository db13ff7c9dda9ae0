import { createShowProgress } from '../../../activities/progress.ts';
import type { SandboxPort } from '../../../agent/tools/sandbox-port.ts';
import { openDatabase } from '../../../store/database.ts';
import { saveFile } from '../../../store/files.ts';
import { addToolSteps } from '../../../store/steps.ts';
import { openRun } from '../../../store/turn-fence.ts';
import { getTurn, recordEgress } from '../../../store/turns.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';
import { holdDatabase } from '../activities/support/held-database.ts';
import {
  activitiesOn,
  asking,
  callModelOn,
  everythingOf,
  inActivity,
  LATE_ATTEMPTS,
  slowTool,
  toolOn,
} from './support/late-attempts.ts';
import { answering, call, scriptedModel } from './support/scripted-model.ts';
import { newSession, say } from './support/session.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());

test.each(LATE_ATTEMPTS)('%s that wakes up in a newer turn changes nothing of it', async (_, start) => {
  const session = await newSession(db.database);
  const { beginTurn } = activitiesOn(db.database);
  const bytes = Buffer.from('a,b');
  const file = await saveFile(db.database, { session, name: 'd.csv', bytes, direction: 'in', origin: 'F1' });
  await say(db.database, session, { text: 'first', files: [{ name: 'd.csv', size: 3, file }] });
  await beginTurn(asking(session, 1));
  const asks = scriptedModel([answering([call('a', 'bash', { command: 'x' })], 'tools')]);
  await inActivity(() => callModelOn(db.database, asks)({ session, turn: 1, step: 1 }));
  const late = start(db.database, session);
  late.done.catch(() => undefined);
  await late.reached;

  // The old run was terminated. The next one ends its turn and begins its own, which works.
  await say(db.database, session, { text: 'second', author: 'U2' });
  expect(await beginTurn(asking(session, 2))).toMatchObject({ turn: 2, requester: 'U2' });
  const again = scriptedModel([answering([call('b', 'bash', { command: 'y' })], 'tools')]);
  await inActivity(() => callModelOn(db.database, again)({ session, turn: 2, step: 1 }));
  await createShowProgress(db.database)({ session, turn: 2, step: 2, what: 'running a command' });
  await say(db.database, session, { text: 'nobody has read this yet' });
  const before = await everythingOf(db.database, session);

  late.release();
  await late.done.catch(() => undefined);
  expect(await everythingOf(db.database, session)).toEqual(before);
  expect(await getTurn(db.database, session, 2)).toMatchObject({ state: 'running' });
});

test('a late attempt returns harmlessly: nothing to do, or a failure that is not tried again', async () => {
  const session = await newSession(db.database);
  const { beginTurn, endTurn, settleTools } = activitiesOn(db.database);
  await say(db.database, session, { text: 'first' });
  await beginTurn(asking(session, 1));
  await beginTurn(asking(session, 2));
  expect(await beginTurn(asking(session, 1))).toBeNull();
  expect(await endTurn({ session, turn: 1, ending: 'answered' })).toEqual({ more: false });
  expect(await settleTools({ session, turn: 1, reason: 'limit' })).toBeUndefined();
  const late = inActivity(() => callModelOn(db.database)({ session, turn: 1, step: 1 }));
  await expect(late).rejects.toMatchObject({ code: 'TurnOver' });
});

test('a transaction that stalls with the lock makes the next run wait, and keeps what it had to write', async () => {
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first' });
  const { beginTurn } = activitiesOn(db.database);
  await beginTurn(asking(session, 1));
  await inActivity(() => callModelOn(db.database)({ session, turn: 1, step: 1 }));
  const stalled = holdDatabase(db.database, /^update turn set state/, 'asking');
  const ending = activitiesOn(stalled.database).endTurn({ session, turn: 1, ending: 'answered' });
  await stalled.reached;
  await say(db.database, session, { text: 'second' });
  const next = beginTurn(asking(session, 2));
  const waiting = async () => {
    const { rows } = await db.database.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return rows[0]?.n === 1;
  };
  await until(waiting, 'the next run to wait for the lock');
  stalled.release();
  expect(await ending).toEqual({ more: false });
  expect(await next).toMatchObject({ turn: 2 });
  expect(await getTurn(db.database, session, 1)).toMatchObject({ state: 'answered' });
});

test('a process that freezes with the lock loses it, and the newer turn goes on without it', async () => {
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first' });
  const { beginTurn } = activitiesOn(db.database);
  await beginTurn(asking(session, 1));
  const short = openDatabase({ url: db.url, name: 'frozen', connections: 1, silentTransactionMs: 300 });
  const stalled = holdDatabase(short, /^update turn set state/, 'asking');
  const ending = activitiesOn(stalled.database).endTurn({ session, turn: 1, ending: 'failed', failure: 'Internal' });
  await stalled.reached;
  await say(db.database, session, { text: 'second' });
  expect(await beginTurn(asking(session, 2))).toMatchObject({ turn: 2 });
  const before = await everythingOf(db.database, session);
  stalled.release();
  await expect(ending).rejects.toThrow();
  expect(await everythingOf(db.database, session)).toEqual(before);
  await short.end();
});

test('a run keeps its number, and later runs get higher ones, also when an older one asks again', async () => {
  const session = await newSession(db.database);
  expect(await openRun(db.database, session, 'a')).toBe(1);
  expect(await openRun(db.database, session, 'a')).toBe(1);
  expect(await openRun(db.database, session, 'b')).toBe(2);
  // Late, and nobody uses the number.
  expect(await openRun(db.database, session, 'a')).toBe(3);
  expect(await openRun(db.database, session, 'c')).toBe(4);
});

test('after a restore, numbers of runs and turns go on after those that a workflow still knows', async () => {
  const session = await newSession(db.database);
  const { beginTurn } = activitiesOn(db.database);
  await say(db.database, session, { text: 'first' });
  expect(await beginTurn(asking(session, 7, 3, 5))).toMatchObject({ turn: 6 });
  expect(await openRun(db.database, session, 'next')).toBe(8);
});

test('counts of egress only grow, so those of a late attempt change nothing', async () => {
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first' });
  await activitiesOn(db.database).beginTurn(asking(session, 1));
  await recordEgress(db.database, session, 1, { injected: 3, forwarded: 2, blocked: 1, bytesOut: 400 });
  await recordEgress(db.database, session, 1, { injected: 1, forwarded: 2, blocked: 0, bytesOut: 10 });
  const { rows } = await db.database.query(
    'select injected, forwarded, blocked, bytes_out from turn where session = $1',
    [session],
  );
  expect(rows[0]).toMatchObject({ injected: 3, forwarded: 2, blocked: 1, bytes_out: '400' });
});

test('a live line of an earlier step does not come back over that of a later one', async () => {
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first' });
  await activitiesOn(db.database).beginTurn(asking(session, 1));
  const show = createShowProgress(db.database);
  await show({ session, turn: 1, step: 3, what: 'thinking' });
  await show({ session, turn: 1, step: 2, what: 'running a command' });
  const { rows } = await db.database.query("select body from outbox where session = $1 and kind = 'message'", [
    session,
  ]);
  expect(rows).toMatchObject([{ body: { step: 3, what: 'thinking' } }]);
});

test('a tool call that a newer attempt has ended stays as it ended', async () => {
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first' });
  await activitiesOn(db.database).beginTurn(asking(session, 1));
  await addToolSteps(db.database, session, 1, [{ step: 2, tool: 'bash', call: 'c', arguments: { command: 'x' } }]);
  const late = slowTool(db.database, session);
  await late.reached;
  const quick: SandboxPort = {
    runStep: async () => ({ exitCode: 7, output: Buffer.from(''), outputBytes: 0, timedOut: false, durationMs: 1 }),
    readFile: async () => Buffer.from(''),
    writeFile: async () => undefined,
    openPiped: () => Promise.reject(new Error('nothing is piped')),
  };
  await toolOn(db.database, session, quick);
  late.release();
  await late.done;
  const { rows } = await db.database.query('select exit_code from step where session = $1 and number = 2', [session]);
  expect(rows[0]).toMatchObject({ exit_code: 7 });
});
