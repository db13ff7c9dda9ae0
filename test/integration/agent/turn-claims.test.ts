import type { EffectiveAccess } from '../../../access/decision.ts';
import { EMPTY_DOCUMENT } from '../../../access/document.ts';
import { indexAccess } from '../../../access/effective-access.ts';
import { createBeginning } from '../../../activities/begin-turn.ts';
import { createEnding } from '../../../activities/end-turn.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import type { BeginTurnInput } from '../../../contracts/activities.ts';
import { type SessionId, threadOf } from '../../../contracts/ids.ts';
import { takeSnapshot } from '../../../store/access-snapshots.ts';
import { claimInboxMessages } from '../../../store/claim-messages.ts';
import type { Queryable } from '../../../store/database.ts';
import { noteDeleted } from '../../../store/deletions.ts';
import { muteThread } from '../../../store/mutes.ts';
import { endingOf } from '../../../store/schedules.ts';
import { addToolSteps } from '../../../store/steps.ts';
import { readTranscript } from '../../../store/transcript.ts';
import { getTurn } from '../../../store/turns.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { newSession, say } from './support/session.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});
afterAll(() => db[Symbol.asyncDispose]());

function activities() {
  const { database } = db;
  return { ...createBeginning({ database, settings: DEFAULT_SESSION_SETTINGS }), ...createEnding({ database }) };
}

/** An asking for a turn, by the first run of the session's workflow. */
function asking(session: SessionId, count: number, run = 1): BeginTurnInput {
  return { session, fence: { run, count }, after: 0, stoppedUpTo: null };
}

test('an attempt to begin a turn that comes late changes nothing, and a later one goes on', async () => {
  const { beginTurn, endTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first' });
  await beginTurn(asking(session, 1));
  await claimInboxMessages(db.database, session, 1, () => 1);
  await endTurn({ session, turn: 1, ending: 'answered' });
  await say(db.database, session, { text: 'second' });
  await beginTurn(asking(session, 2));

  expect(await beginTurn(asking(session, 1))).toBeNull();
  expect(await getTurn(db.database, session, 2)).toMatchObject({ state: 'running' });
});

test('a repeated attempt finds the turn that it has begun', async () => {
  const { beginTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first' });
  const first = await beginTurn(asking(session, 1));
  expect(first).toMatchObject({ turn: 1, requester: 'U1', scope: 'channel:T1:C1' });
  expect(await beginTurn(asking(session, 1))).toEqual(first);
});

test('a turn whose thread has lost its first message ends without a word', async () => {
  const { beginTurn, endTurn } = activities();
  const { database } = db;
  const session = await newSession(database);
  await say(database, session, { text: 'first' });
  await beginTurn(asking(session, 1));
  const { team, channel, threadTs } = threadOf(session);
  expect(await noteDeleted(database, { team, channel, ts: threadTs })).toBe(true);
  expect(await noteDeleted(database, { team, channel, ts: threadTs })).toBe(false);
  await endTurn({ session, turn: 1, ending: 'stopped', stoppedBy: 'deletion' });
  expect(await getTurn(database, session, 1)).toMatchObject({ state: 'stopped' });
  const { rows } = await database.query('select key from outbox where session = $1 and kind = $2', [
    session,
    'message',
  ]);
  expect(rows).toEqual([{ key: `${session}/1/working` }]);
});

test('a message that is deleted once a turn has begun for it is not taken from the turn', async () => {
  const { beginTurn } = activities();
  const { database } = db;
  const session = await newSession(database);
  const id = await say(database, session, { text: 'first' });
  const later = await say(database, session, { text: 'second' });
  await beginTurn(asking(session, 1));
  const { rows } = await database.query<{ ts: string }>('select ts from inbox where id = any($1) order by id', [
    [id, later],
  ]);
  const { team, channel } = threadOf(session);
  for (const { ts } of rows) await noteDeleted(database, { team, channel, ts });
  expect(await claimInboxMessages(database, session, 1, () => 1)).toBe(1);
  expect((await readTranscript(database, session)).map(({ content }) => content)).toMatchObject([{ text: 'first' }]);
});

test('a turn that another run left behind is ended before the next one begins', async () => {
  const { beginTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first', author: 'U1' });
  await beginTurn(asking(session, 1));
  await say(db.database, session, { text: 'second', author: 'U2' });
  const next = await beginTurn(asking(session, 1, 2));
  expect(await getTurn(db.database, session, 1)).toMatchObject({ state: 'failed' });
  expect(next).toMatchObject({ turn: 2, requester: 'U2' });
});

test('a turn that fails before its first model call has read what began it; the next one is of who speaks next', async () => {
  const { beginTurn, endTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'for the first turn', author: 'U1' });
  await beginTurn(asking(session, 1));
  await say(db.database, session, { text: 'came meanwhile', author: 'U2' });
  await endTurn({ session, turn: 1, ending: 'failed', failure: 'AccessDisabled' });

  expect(JSON.stringify(await readTranscript(db.database, session))).toContain('for the first turn');
  expect(await beginTurn(asking(session, 2))).toMatchObject({
    turn: 2,
    requester: 'U2',
  });
});

test('what comes in after the first model call waits for the next turn, however this one ends', async () => {
  const { beginTurn, endTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'late, though received early', author: 'U2', state: 'context' });
  await say(db.database, session, { text: 'first', author: 'U1' });
  await beginTurn(asking(session, 1));
  await claimInboxMessages(db.database, session, 1, () => 1);
  await db.database.query("update inbox set turn = null, state = 'delivered' where text like 'late, %'");
  await endTurn({ session, turn: 1, ending: 'failed', failure: 'ModelUnavailable' });
  expect(await beginTurn(asking(session, 2))).toMatchObject({ requester: 'U2' });
});

test.each(['failed', 'stopped'] as const)(
  'a scheduled task whose turn is %s before its first model call is over',
  async (ending) => {
    const { beginTurn, endTurn } = activities();
    const session = await newSession(db.database);
    await say(db.database, session, { text: 'the report', author: 'schedule:report' });
    const { rows } = await db.database.query<{ event: string }>(
      'select event_id as event from inbox order by id desc limit 1',
    );
    await beginTurn(asking(session, 1));
    expect(await endingOf(db.database, session, rows[0]?.event ?? '')).toBeNull();
    await endTurn({ session, turn: 1, ending });
    expect(await endingOf(db.database, session, rows[0]?.event ?? '')).toBe(ending);
  },
);

test('the line under an answer counts tool calls, and the last word is kept apart from what the agent said', async () => {
  const { beginTurn, endTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first' });
  await beginTurn(asking(session, 1));
  const steps = [1, 2].map((step) => ({ step, call: `call${step}`, tool: 'bash', arguments: {} }));
  await addToolSteps(db.database, session, 1, steps);
  await endTurn({ session, turn: 1, ending: 'stopped', stoppedBy: 'U7' });
  const { rows } = await db.database.query(
    "select body from outbox where session = $1 and kind = 'message' order by id",
    [session],
  );
  expect(rows).toMatchObject([
    { body: { kind: 'gone' } },
    {
      body: {
        text: '',
        lastWord: 'Stopped by <@U7>. Mention me to go on.',
        footer: expect.stringMatching(/^2 tool calls · /),
      },
    },
  ]);
});

test.each([
  ['everybody is heard', {}, false, /^Stopped by <@U7>\. Write here to go on\.$/],
  [
    'who has asked is heard',
    { listen: 'requester' },
    false,
    /Write here to go on\. If you have not mentioned me in this thread before, mention me once\./,
  ],
  ['only mentions are heard', { listen: 'mentions' }, false, /Mention me to go on/],
  ['it is muted', {}, true, /Mention me to go on/],
])('after an ending the thread is told how to go on where %s', async (_, said, isMuted, words) => {
  const { beginTurn, endTurn } = activities();
  const { database } = db;
  const session = await newSession(database);
  await say(database, session, { text: 'first' });
  await beginTurn(asking(session, 1));
  const access = {
    ...indexAccess({ ...EMPTY_DOCUMENT, version: 1 }).effective('channel:T1:C1'),
    ...said,
  } as EffectiveAccess;
  await takeSnapshot(database, session, 1, access);
  if (isMuted) await muteThread(database, session, { by: 'U1', notice: 'n' });
  await endTurn({ session, turn: 1, ending: 'stopped', stoppedBy: 'U7' });
  const { rows } = await database.query<{ word: string }>(
    "select body ->> 'lastWord' as word from outbox where session = $1 and body ->> 'kind' = 'answer'",
    [session],
  );
  expect(rows[0]?.word).toMatch(words);
});

describe('what is said after a stop', () => {
  async function stoppedWhileItBegan(): Promise<{ session: SessionId; stop: string }> {
    const session = await newSession(db.database);
    await say(db.database, session, { text: 'work for an hour' });
    const stop = await say(db.database, session, { text: 'stop' });
    await say(db.database, session, { text: 'and now something else' });
    // The stop is with Temporal by now, and the turn begins at the same moment.
    await db.database.query("update inbox set kind = 'stop', state = 'answered' where id = $1", [stop]);
    await activities().beginTurn(asking(session, 1));
    return { session, stop };
  }

  test('begins the next turn, when the stop ends a turn before its first model call', async () => {
    const { beginTurn, endTurn } = activities();
    const { session, stop } = await stoppedWhileItBegan();
    await endTurn({ session, turn: 1, ending: 'stopped', stoppedBy: 'U1', stoppedUpTo: stop });
    expect(await beginTurn(asking(session, 2))).toMatchObject({ turn: 2 });
    expect(await claimInboxMessages(db.database, session, 2, () => 1)).toBe(1);
  });

  test('is not taken by a model call of the turn that the stop is about to end', async () => {
    const { beginTurn, endTurn } = activities();
    const { session, stop } = await stoppedWhileItBegan();
    expect(await claimInboxMessages(db.database, session, 1, () => 1)).toBe(1);
    await endTurn({ session, turn: 1, ending: 'stopped', stoppedBy: 'U1', stoppedUpTo: stop });
    expect(await beginTurn(asking(session, 2))).toMatchObject({ turn: 2 });
  });
});

test('a thousand messages that waited are claimed in two statements, in the order of Slack', async () => {
  const session = await newSession(db.database);
  const many = 1_000;
  await db.database.query(
    `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, author_class, address, text, state, delivered_at)
     select $1 || n, 'message', team, channel, thread_ts, (1700000000 + ($2 - n)) || '.000100', 'U1', 'member', 'thread', 'word ' || n,
       'delivered', now()
     from session, generate_series(1, $2::int) n where id = $1`,
    [session, many],
  );
  let statements = 0;
  const counting: Queryable = {
    wake: db.database.wake,
    query: (async (...args: Parameters<Queryable['query']>) => {
      statements += 1;
      return await db.database.query(...args);
    }) as Queryable['query'],
  };
  expect(await claimInboxMessages(counting, session, 1, () => 1)).toBe(many);
  expect(statements).toBe(2);
  const said = (await readTranscript(db.database, session)).map(({ content }) =>
    'text' in content ? content.text : '',
  );
  expect(said).toEqual(Array.from({ length: many }, (_, n) => `word ${many - n}`));
});
