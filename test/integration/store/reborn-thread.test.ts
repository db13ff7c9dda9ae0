import { createEnding } from '../../../activities/end-turn.ts';
import type { SessionId } from '../../../contracts/ids.ts';
import { deleteOld } from '../../../store/retention.ts';
import { ensureSession } from '../../../store/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { sayAndBegin } from '../agent/support/session.ts';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
});
afterEach(() => db[Symbol.asyncDispose]());

const session: SessionId = 'slack:T1:C1:1.1';
const ask = async (): Promise<number> => {
  await ensureSession(db.database, {
    id: session,
    scope: 'channel:T1:C1',
    principal: 'agent@channel:T1:C1',
    permalink: null,
  });
  const turn = await sayAndBegin(db.database, session, 'work');
  await createEnding({ database: db.database }).endTurn({ session, turn, ending: 'failed', failure: 'Internal' });
  return turn;
};

/** Settings may keep threads for less time than messages: BELLHOP_KEEP_OUTBOX_DAYS=forever, or BELLHOP_KEEP_THREADS_DAYS=30. */
test('a thread that retention has deleted and that is used again gets its answer, whatever is kept for longer', async () => {
  const sql = (text: string) => db.database.query(text);
  await ask();
  await sql('update outbox set sent_revision = revision');
  await sql("update session set changed_at = now() - interval '40 days'");
  await sql("update turn set started_at = now() - interval '40 days', ended_at = now() - interval '40 days'");
  await sql("update transcript set at = now() - interval '40 days'");
  const before = new Date(Date.now() - 30 * 86_400_000);
  await deleteOld(db.database, 'transcripts', before, 500);
  while ((await deleteOld(db.database, 'threads', before, 500)) > 0);
  await ask();
  const { rows } = await sql('select key from outbox where sent_revision < revision');
  expect(rows).toHaveLength(1);
});

test('a thread whose turns were deleted before its transcript gives no answer of back then, and gets a place', async () => {
  const sql = (text: string, values: unknown[] = []) => db.database.query(text, values);
  const old = await ask();
  await sql(
    "insert into transcript (session, turn, role, step, content) values ($1, $2, 'assistant', 1, '{}'::jsonb)",
    [session, old],
  );
  await sql("insert into sandbox (id, session, runner, state, settled_turn) values ('s1', $1, 'r1', 'removed', $2)", [
    session,
    old,
  ]);
  await sql("update session set changed_at = now() - interval '40 days'");
  await sql("update turn set started_at = now() - interval '40 days', ended_at = now() - interval '40 days'");
  const before = new Date(Date.now() - 30 * 86_400_000);
  while ((await deleteOld(db.database, 'threads', before, 500)) > 0);
  expect((await sql('select 1 from turn')).rowCount).toBe(0);
  expect(await ask()).toBeGreaterThan(old);
});
