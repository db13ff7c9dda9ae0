import { createEndAbandonedTurn } from '../../../activities/abandoned-turns.ts';
import { createBeginTurn } from '../../../activities/begin-turn.ts';
import { createEndTurn } from '../../../activities/end-turn.ts';
import { DEFAULT_SESSION_SETTINGS } from '../../../activities/settings.ts';
import { turnReport } from '../../../activities/turn-report.ts';
import { claimInboxMessages } from '../../../store/claim-messages.ts';
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
  const endTurn = createEndTurn({ database, report: turnReport });
  const endAbandonedTurn = createEndAbandonedTurn({ database, endTurn });
  const settings = DEFAULT_SESSION_SETTINGS;
  return { endTurn, beginTurn: createBeginTurn({ database, settings, endAbandonedTurn }) };
}

test('an attempt to begin a turn that comes late finds its own turn, and a later one goes on', async () => {
  const { beginTurn, endTurn } = activities();
  const session = await newSession(db.database);
  const old = { session, claim: `${session}/1`, stoppedUpTo: null };
  await say(db.database, session, { text: 'first' });
  const first = await beginTurn(old);
  await claimInboxMessages(db.database, session, 1, () => 1);
  await endTurn({ session, turn: 1, ending: 'answered' });
  await say(db.database, session, { text: 'second' });
  await beginTurn({ ...old, claim: `${session}/2` });

  expect(await beginTurn(old)).toEqual(first);
  expect(await getTurn(db.database, session, 2)).toMatchObject({ state: 'running' });
});

test('a turn that another run left behind is ended before the next one begins', async () => {
  const { beginTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first', author: 'U1' });
  await beginTurn({ session, claim: `${session}/a/1`, stoppedUpTo: null });
  await say(db.database, session, { text: 'second', author: 'U2' });
  const next = await beginTurn({ session, claim: `${session}/b/1`, stoppedUpTo: null });
  expect(await getTurn(db.database, session, 1)).toMatchObject({ state: 'failed' });
  expect(next).toMatchObject({ turn: 2, requester: 'U2' });
});

test('a turn that fails before its first model call has read what began it; the next one is of who speaks next', async () => {
  const { beginTurn, endTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'for the first turn', author: 'U1' });
  await beginTurn({ session, claim: `${session}/1`, stoppedUpTo: null });
  await say(db.database, session, { text: 'came meanwhile', author: 'U2' });
  await endTurn({ session, turn: 1, ending: 'failed', failure: 'AccessDisabled' });

  expect(JSON.stringify(await readTranscript(db.database, session))).toContain('for the first turn');
  expect(await beginTurn({ session, claim: `${session}/2`, stoppedUpTo: null })).toMatchObject({
    turn: 2,
    requester: 'U2',
  });
});

test('what comes in after the first model call waits for the next turn, however this one ends', async () => {
  const { beginTurn, endTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'late, though received early', author: 'U2', state: 'context' });
  await say(db.database, session, { text: 'first', author: 'U1' });
  await beginTurn({ session, claim: `${session}/1`, stoppedUpTo: null });
  await claimInboxMessages(db.database, session, 1, () => 1);
  await db.database.query("update inbox set turn = null, state = 'delivered' where text like 'late, %'");
  await endTurn({ session, turn: 1, ending: 'failed', failure: 'ModelUnavailable' });
  expect(await beginTurn({ session, claim: `${session}/2`, stoppedUpTo: null })).toMatchObject({ requester: 'U2' });
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
    await beginTurn({ session, claim: `${session}/1`, stoppedUpTo: null });
    expect(await endingOf(db.database, session, rows[0]?.event ?? '')).toBeNull();
    await endTurn({ session, turn: 1, ending });
    expect(await endingOf(db.database, session, rows[0]?.event ?? '')).toBe(ending);
  },
);

test('the line under an answer counts tool calls, and the last word is kept apart from what the agent said', async () => {
  const { beginTurn, endTurn } = activities();
  const session = await newSession(db.database);
  await say(db.database, session, { text: 'first' });
  await beginTurn({ session, claim: `${session}/1`, stoppedUpTo: null });
  const steps = [1, 2].map((step) => ({ step, call: `call${step}`, tool: 'bash', arguments: {} }));
  await addToolSteps(db.database, session, 1, steps);
  await endTurn({ session, turn: 1, ending: 'stopped', stoppedBy: 'U7' });
  const { rows } = await db.database.query('select body from outbox where session = $1', [session]);
  expect(rows).toMatchObject([
    {
      body: {
        text: '',
        lastWord: 'Stopped by <@U7>. Mention me to go on.',
        footer: expect.stringMatching(/^2 tool calls · /),
      },
    },
  ]);
});
