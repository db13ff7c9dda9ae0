import { createScheduleActivities } from '../../../activities/scheduled-task.ts';
import { FAILURES } from '../../../contracts/failures.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { noteOutsider } from '../../../store/mixed-channels.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await db.database.query(
    `insert into schedule (name, team, channel, cron, timezone, prompt, policy_version)
     values ('report', 'T1', 'C1', '0 9 * * *', 'UTC', 'do it', 1)`,
  );
});
afterAll(() => db[Symbol.asyncDispose]());

const SESSION: SessionId = 'slack:T1:C1:1790000000.000100';
let minute = 0;

function firing() {
  minute += 1;
  return { schedule: 'report', firedAt: `2026-01-01T00:0${minute}:00.000Z` };
}

async function messagesOf({ schedule, firedAt }: ReturnType<typeof firing>) {
  const { rows } = await db.database.query(
    "select thread_ts, failed, body->>'text' as text from outbox where key like $1 order by id",
    [`schedule:${schedule}:${firedAt}/%`],
  );
  return rows;
}

test.each(['ScheduleNotPosted', 'ScheduleRefused'] as const)(
  'a firing that has no thread says in its channel that it failed as %s, and its opening message is taken back',
  async (failure) => {
    const { openThread, tellFiringFailed } = createScheduleActivities({ database: db.database });
    const fired = firing();
    await expect(openThread(fired)).rejects.toMatchObject({ type: 'ScheduleNotPosted' });
    await tellFiringFailed({ ...fired, session: null, failure });
    await tellFiringFailed({ ...fired, session: null, failure });
    expect(await messagesOf(fired)).toEqual([
      { thread_ts: null, failed: 'withdrawn', text: 'Scheduled task *report*: do it' },
      { thread_ts: null, failed: null, text: `Scheduled task *report*: ${FAILURES[failure].thread}` },
    ]);
  },
);

test.each(['ScheduleRefused', 'ScheduledTurnFailed'] as const)(
  'a firing that has a thread says there that it failed as %s',
  async (failure) => {
    const { tellFiringFailed } = createScheduleActivities({ database: db.database });
    const fired = firing();
    await tellFiringFailed({ ...fired, session: SESSION, failure });
    expect(await messagesOf(fired)).toEqual([
      { thread_ts: '1790000000.000100', failed: null, text: FAILURES[failure].thread },
    ]);
  },
);

test('a firing of a schedule that is gone and has no thread says nothing, for nobody knows where', async () => {
  const { tellFiringFailed } = createScheduleActivities({ database: db.database });
  const fired = { ...firing(), schedule: 'gone' };
  await tellFiringFailed({ ...fired, session: null, failure: 'ScheduleRefused' });
  expect(await messagesOf(fired)).toEqual([]);
});

test('a firing that is tried again after an error is one opening message and one asking', async () => {
  const { openThread, askInThread } = createScheduleActivities({ database: db.database });
  const fired = firing();
  for (let attempt = 0; attempt < 3; attempt += 1) {
    await expect(openThread(fired)).rejects.toMatchObject({ type: 'ScheduleNotPosted' });
    await askInThread({ ...fired, session: SESSION });
  }
  expect(await messagesOf(fired)).toHaveLength(1);
  const asked = await db.database.query('select 1 from inbox where event_id = $1', [
    `schedule:${fired.schedule}:${fired.firedAt}`,
  ]);
  expect(asked.rowCount).toBe(1);
});

test('where guests are and the agent may not work, a firing says that it failed, and nothing of its prompt', async () => {
  const { openThread, tellFiringFailed } = createScheduleActivities({ database: db.database });
  await db.database.query(
    `insert into channel (team, id, name, kind, external) values ('T1', 'C1', 'ops', 'public', false)`,
  );
  await noteOutsider(db.database, 'T1', 'C1', { person: 'U1', class: 'guest' });
  const fired = firing();
  await expect(openThread(fired)).rejects.toMatchObject({ type: 'ScheduleRefused' });
  await tellFiringFailed({ ...fired, session: null, failure: 'ScheduleRefused' });
  expect(await messagesOf(fired)).toEqual([
    { thread_ts: null, failed: null, text: `Scheduled task *report*: ${FAILURES.ScheduleRefused.thread}` },
  ]);
});
