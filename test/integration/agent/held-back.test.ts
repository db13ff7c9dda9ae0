import { createBringUp } from '../../../activities/bring-up.ts';
import { createEndAbandonedTurn } from '../../../activities/end-turn.ts';
import { threadOf } from '../../../contracts/ids.ts';
import { inTransaction } from '../../../store/database.ts';
import { grantPlaces } from '../../../store/grant-places.ts';
import { lockSession } from '../../../store/turn-fence.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { activitiesOn, asking, callModelOn, inActivity } from './support/late-attempts.ts';
import { createPlacing } from './support/placing.ts';
import { answering, scriptedModel, text } from './support/scripted-model.ts';
import { newSession, say } from './support/session.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

test('a message that a turn may not take keeps the turn from nothing: it ends after one model call', async () => {
  const { database } = db;
  const { beginTurn, endTurn } = activitiesOn(database);
  const session = await newSession(database);
  await say(database, session, { text: 'first' });
  await beginTurn(asking(session, 1));
  await inActivity(() => callModelOn(database)({ session, turn: 1, step: 1 }));
  await say(database, session, { text: 'second, said while the first is worked on' });
  await createEndAbandonedTurn({ database })({ session, turn: 1 });
  const { team, channel, threadTs } = threadOf(session);
  await database.query(
    `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, text, state)
     values ('stop', 'stop', $1, $2, $3, '1795000000.000100', 'U1', 'member', 'mention', 'stop', 'answered')`,
    [team, channel, threadTs],
  );
  await say(database, session, { text: 'third, said after the stop' });
  await beginTurn(asking(session, 2));
  const model = scriptedModel([answering([text('hello')])]);
  await inActivity(() => callModelOn(database, model)({ session, turn: 2, step: 1 }));
  expect(await endTurn({ session, turn: 2, ending: 'answered', hasPlace: false })).toEqual({ more: false });
  // The next turn takes it.
  expect(await beginTurn(asking(session, 3))).toMatchObject({ turn: 3 });
});

test('a place goes to the next in line while the session of the first is locked', async () => {
  const { database } = db;
  const stage = createPlacing(database);
  await stage.runner('r1', 1);
  const [works, first, second] = [await stage.begun(), await stage.begun(), await stage.begun()];
  await stage.placed(works);
  await stage.place(first);
  await stage.place(second);
  const held: string[] = [];
  await inTransaction(database, async (lock) => {
    await lockSession(lock, first.session);
    await stage.finish(works);
    expect(await grantPlaces(database, { onHeld: (session) => void held.push(session) })).toBe(1);
  });
  expect(held).toEqual([first.session]);
  expect(await stage.placed(second)).toMatchObject({ runner: 'r1' });
});

test('a provisioning that wakes up after its turn says nothing in the thread any more', async () => {
  const { database } = db;
  const session = await newSession(database);
  await say(database, session, { text: 'work' });
  const { beginTurn, endTurn } = activitiesOn(database);
  await beginTurn(asking(session, 1));
  await database.query("insert into sandbox (id, session, runner, working_turn) values ('s1', $1, 'r1', 1)", [session]);
  const bringUp = createBringUp({
    runner: 'r1',
    database,
    lock: (_id: string, work: () => Promise<unknown>) => work(),
    proxy: { commitAuthor: async () => null },
    gitAuthor: null,
    async findEnvironment() {
      await endTurn({ session, turn: 1, ending: 'stopped', hasPlace: true });
      return { state: 'building', name: 'data' };
    },
  } as never);
  await expect(bringUp({ session, turn: 1, sandbox: 's1' })).rejects.toMatchObject({ code: 'TurnOver' });
  const { rows } = await database.query("select key from outbox where key like '%/environment'");
  expect(rows).toEqual([]);
});
