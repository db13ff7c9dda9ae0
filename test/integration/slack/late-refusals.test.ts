import { refuseEntry } from '../../../slack/delivery/own-answers.ts';
import { tellOfRefusal } from '../../../slack/sending/tell-of-refusal.ts';
import { awaitPost, stopAwaiting } from '../../../store/awaited-posts.ts';
import { type Database, inTransaction } from '../../../store/database.ts';
import { claimUndelivered } from '../../../store/inbox-claims.ts';
import { keepEntries } from '../../../store/inbox-intake.ts';
import { putMessage } from '../../../store/outbox.ts';
import { markFailed, type OutboxRow } from '../../../store/outbox-claims.ts';
import { deleteOld } from '../../../store/retention.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { until } from '../../support/until.ts';

let db: TestDatabase;

beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const entry = (ts: string) => ({
  keep: 'always' as const,
  entry: {
    eventId: ts,
    kind: 'message' as const,
    team: 'T1',
    channel: 'C1',
    threadTs: '1790000000.000100',
    ts,
    author: 'U1',
    authorClass: 'unknown' as const,
    address: 'mention' as const,
    text: '<@UBOT> do',
    files: [],
  },
});

/** Refuses the next row, as an attempt does that Slack has not told who its author is. */
async function refuseNext(meanwhile: (id: string) => Promise<unknown> = async () => {}): Promise<void> {
  const [row] = await claimUndelivered(db.database, 1, 1_000);
  if (!row) throw new Error('nothing waits');
  await meanwhile(row.id);
  const identity = { botUser: 'UBOT', botName: 'bellhop', team: 'T1' };
  const known = { row, session: row.session, author: { class: 'unknown', name: 'U1' }, refusal: 'unknown-person' };
  const now = () => new Date();
  await refuseEntry({ database: db.database, identity, now } as never, known as never, 'unknown-person');
}

const said = async () => (await db.database.query('select key, kind from outbox order by id')).rows;

test('an attempt that wakes up after another one has handed the message over refuses nothing', async () => {
  await keepEntries(db.database, [entry('1790000000.000100')]);
  await refuseNext((id) =>
    db.database.query(
      "update inbox set state = 'delivered', author_class = 'member', delivered_at = now() where id = $1",
      [id],
    ),
  );
  expect(await said()).toEqual([]);
  expect((await db.database.query('select state from inbox')).rows).toEqual([{ state: 'delivered' }]);
});

test('a person is told once in a thread, and sees a sign after that', async () => {
  await keepEntries(db.database, [entry('1790000000.000100'), entry('1790000000.000200')]);
  await refuseNext();
  await refuseNext();
  expect((await said()).map(({ kind }) => kind)).toEqual(['message', 'reaction']);
});

test('a refusal of a person is deleted like any message, and that of a place is kept', async () => {
  const { database } = db;
  for (const key of ['refusal/slack:T1:C1:1790000000.000100/U1', 'refusal/group-dm/T1/C1']) {
    await database.query(
      `insert into outbox (key, kind, team, channel, thread_ts, body, final, created_at, sent_revision)
       values ($1, 'message', 'T1', 'C1', '1790000000.000100', '{"kind": "notice", "text": "no"}', true, now() - interval '1 year', 1)`,
      [key],
    );
  }
  await deleteOld(database, 'outbox', new Date(Date.now() - 90 * 86_400_000), 100);
  expect((await said()).map(({ key }) => key)).toEqual(['refusal/group-dm/T1/C1']);
});

test("an administrator's word about a channel outlives a change of the channel that keeps its name", async () => {
  const { database } = db;
  await database.query(
    "insert into channel (team, id, name, kind, external, seen_at) values ('T1', 'C7', 'proj-x', 'public', false, 'epoch')",
  );
  await database.query(
    "insert into channel_verdict (team, channel, pattern, name, confirmed, decided_by) values ('T1', 'C7', 'proj-*', 'proj-x', true, 'admin')",
  );
  await deleteOld(database, 'directory', new Date(Date.now() - 180 * 86_400_000), 100);
  expect((await database.query('select confirmed from channel_verdict')).rows).toEqual([{ confirmed: true }]);
});

describe('a refused post for which a tool waits is told once', () => {
  const ATTEMPT = '00000000-0000-4000-8000-000000000001';
  const post = async (database: Database): Promise<OutboxRow> => {
    const about = 'slack:T1:C1:1790000000.000100' as const;
    const body = { kind: 'answer', text: 'hello', elsewhere: { about, place: '#launch' } } as const;
    await putMessage(database, { key: 'k', team: 'T1', channel: 'C2', threadTs: null, body, final: true });
    await awaitPost(database, 'k', ATTEMPT, 30_000);
    const { rows } = await database.query(
      "update outbox set claim = gen_random_uuid() where key = 'k' returning id, key, kind, team, channel, session, revision, final, body, claim",
    );
    return rows[0] as OutboxRow;
  };
  const giveUp = (database: Database, row: OutboxRow, meanwhile: () => Promise<void> = async () => {}) =>
    inTransaction(database, async (tx) => {
      await markFailed(tx, row, 'is_archived');
      await meanwhile();
      return tellOfRefusal(tx, row, 'is_archived');
    });

  test('when the tool stops waiting while the refusal is written, the tool tells', async () => {
    const { database } = db;
    const row = await post(database);
    let stopped: ReturnType<typeof stopAwaiting> | undefined;
    const told = await giveUp(database, row, async () => {
      stopped = stopAwaiting(database, 'k', ATTEMPT);
      const waits = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like 'update outbox%'";
      await until(async () => (await database.query(waits)).rowCount === 1, 'the tool to wait for the lock');
    });
    expect(told).toBe('by the tool that posts it');
    expect(await stopped).toEqual({ slackTs: null, failed: 'is_archived' });
    expect((await said()).length).toBe(1);
  });

  test('when the tool has stopped before, or has died, the thread is told; an older attempt stops nothing', async () => {
    const { database } = db;
    const row = await post(database);
    await stopAwaiting(database, 'k', '00000000-0000-4000-8000-000000000002');
    expect((await database.query('select awaited_by from outbox')).rows).toEqual([{ awaited_by: ATTEMPT }]);
    await database.query("update outbox set awaited_until = now() - interval '1 second'");
    expect(await giveUp(database, row)).toBe('in the thread');
    await database.query('delete from outbox');
    const other = await post(database);
    expect(await stopAwaiting(database, 'k', ATTEMPT)).toEqual({ slackTs: null, failed: null });
    expect(await giveUp(database, other)).toBe('in the thread');
  });
});
