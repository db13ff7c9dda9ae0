import { inTransaction } from '../../../store/database.ts';
import {
  deleteOld,
  RETAINED_TABLES,
  RETENTION_DAYS,
  RETENTION_KINDS,
  type RetentionKind,
} from '../../../store/retention.ts';
import { ensureSession } from '../../../store/sessions.ts';
import { contention } from '../../support/contention.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { DAY_MS, live, USED_THREAD } from './support/day-of-traffic.ts';

let stage: TestDatabase;
beforeEach(async () => {
  stage = await createTestDatabase();
});
afterEach(() => stage[Symbol.asyncDispose]());

const sql = (text: string, values: unknown[] = []) => stage.database.query(text, values);

async function tables(): Promise<string[]> {
  const { rows } = await sql(
    "select relname as name from pg_class where relkind in ('r', 'p') and relnamespace = 'public'::regnamespace",
  );
  return rows.map(({ name }) => name).sort();
}

async function clean(today: Date, days: Record<RetentionKind, number>): Promise<void> {
  for (const kind of RETENTION_KINDS) {
    const before = new Date(today.getTime() - days[kind] * DAY_MS);
    while ((await deleteOld(stage.database, kind, before, 200)) > 0);
  }
}

async function sizes(): Promise<Record<string, number>> {
  const counted: Record<string, number> = {};
  for (const table of await tables()) {
    const { rows } = await sql(`select count(*)::int as count from ${table}`);
    counted[table] = rows[0].count;
  }
  const outputs = await sql('select count(*)::int as count from step where output is not null');
  return { ...counted, outputs: outputs.rows[0].count };
}

test('a year of the same traffic is as large as a month of it', async () => {
  const days = Object.fromEntries(RETENTION_KINDS.map((kind) => [kind, 30])) as Record<RetentionKind, number>;
  days.outputs = 7;
  const firstDay = Date.now() - 367 * DAY_MS;
  const seen: Record<string, number>[] = [];
  for (let day = 0; day < 365; day += 1) {
    const today = new Date(firstDay + day * DAY_MS);
    await live(stage.database, today);
    await clean(today, days);
    if (day > 60 && day % 7 === 4) seen.push(await sizes());
  }
  expect(seen.length).toBeGreaterThan(40);
  // In the same week-day of every week everything is exactly as large.
  for (const later of seen) expect(later).toEqual(seen[0]);
  const last = seen.at(-1) ?? {};
  // Today and the thirty days before it.
  expect(last).toMatchObject({ session: 32, sandbox: 32, policy: 31, egress_event: 31 * 8, outputs: 8 * 6 });
  // The thread in use kept what it needs: its newest turn, its last summary and what followed it.
  const kept = await sql('select count(*)::int as turns, max(number) as newest from turn where session = $1', [
    USED_THREAD,
  ]);
  expect(kept.rows[0]).toEqual({ turns: 31, newest: Math.round((firstDay + 364 * DAY_MS) / DAY_MS) });
}, 300_000);

test('a table without a rule of retention is named', async () => {
  expect(await tables()).toEqual(Object.keys(RETAINED_TABLES).sort());
});

test('every kind is one that the database knows, and has a table', async () => {
  const old = new Date(Date.now() - 400 * DAY_MS);
  for (const kind of RETENTION_KINDS) {
    expect(await deleteOld(stage.database, kind, old, 10)).toBe(0);
    expect(Object.values(RETAINED_TABLES).flat()).toContain(kind);
    expect(RETENTION_DAYS[kind]).toBeGreaterThanOrEqual(kind === 'inbox' ? 30 : 1);
  }
  await expect(deleteOld(stage.database, 'sessions' as RetentionKind, old, 10)).rejects.toThrow(/nothing is known/);
});

test('no caller can delete data younger than a day', async () => {
  await live(stage.database, new Date());
  const before = await sizes();
  for (const kind of RETENTION_KINDS) {
    await expect(deleteOld(stage.database, kind, new Date(), 10)).rejects.toMatchObject({ code: '23514' });
  }
  expect(await sizes()).toEqual(before);
});

test('no caller can delete more than ten thousand rows at once, and none can ask for no limit at all', async () => {
  const old = new Date(Date.now() - 500 * DAY_MS);
  await sql(
    `insert into model_usage (session, turn, step, principal, channel, model, input_tokens, output_tokens, at)
     select 'slack:T1:C1:1.0', n, 1, 'p', 'C1', 'm', 1, 1, $1 from generate_series(1, 10010) n`,
    [old],
  );
  expect(await deleteOld(stage.database, 'usage', old, 1)).toBe(0);
  const before = new Date(Date.now() - 400 * DAY_MS);
  expect(await deleteOld(stage.database, 'usage', before, 2_000_000_000)).toBe(10_000);
  for (const batch of [null, -5]) expect(await deleteOld(stage.database, 'usage', before, batch as number)).toBe(1);
});

test('the beginning of a file that never came to its end goes after a day', async () => {
  const file = (name: string, size: number | null, hours: number) =>
    sql(
      `with made as (
         insert into file (session, name, size, direction, at) values ('s', $1, $2, 'in', now() - make_interval(hours => $3))
         returning id)
       insert into file_chunk (file, seq, bytes) select id, 0, 'x' from made`,
      [name, size, hours],
    );
  await file('too large', null, 30);
  await file('under way', null, 2);
  await file('whole', 1, 30);
  await clean(new Date(), RETENTION_DAYS);
  const { rows } = await sql('select name from file join file_chunk on file.id = file_chunk.file order by name');
  expect(rows.map(({ name }) => name)).toEqual(['under way', 'whole']);
});

test('data that is still needed stays at any age', async () => {
  const old = new Date(Date.now() - 500 * DAY_MS);
  const session = 'slack:T1:C1:2.0';
  const inbox = (id: string, state: string, delivered: boolean, threadTs = '2.0') =>
    sql(
      `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, address, state, received_at, delivered_at)
       values ($1, 'message', 'T1', 'C1', $5, $1, 'U1', 'mention', $2, $3, $4)`,
      [id, state, old, delivered ? old : null, threadTs],
    );
  await sql(
    `insert into session (id, team, channel, thread_ts, scope, principal) values ($1, 'T1', 'C1', '2.0', 's', 'p')`,
    [session],
  );
  await inbox('not looked at', 'received', false);
  await inbox('not signalled', 'delivered', false);
  await inbox('not read', 'delivered', true);
  await inbox('refused', 'refused', false);
  await inbox('context that the next turn reads', 'context', false);
  await inbox('context of no thread', 'context', false, '3.0');
  await inbox('not looked at, of no thread yet', 'received', false, '3.0');
  const file = async (name: string, direction: string): Promise<string> => {
    const { rows } = await sql(
      `insert into file (session, name, size, direction, at) values ($1, $2, 1, $3, $4) returning id`,
      [session, name, direction, old],
    );
    return rows[0].id;
  };
  const fileId = await file('not posted', 'out');
  await file('not placed', 'in');
  await file('posted', 'out');
  await file('shown to the model', 'seen');
  const outbox = (key: string, sent: number, body: object) =>
    sql(
      `insert into outbox (key, kind, team, channel, body, sent_revision, created_at) values ($1, 'file', 'T1', 'C1', $2, $3, $4)`,
      [key, body, sent, old],
    );
  await outbox('not sent', 0, { fileId });
  await outbox('refusal/disabled/T1/C1', 1, {});
  await outbox('sent', 1, {});
  await sql(`insert into turn (session, number, claim, requester, started_at) values ($1, 1, 'a', 'U1', $2)`, [
    session,
    old,
  ]);
  await sql(
    `insert into access_snapshot (session, turn, policy_version, access, taken_at) values ($1, 1, 1, '{}', $2)`,
    [session, old],
  );
  await sql(`insert into transcript (session, turn, role, content, at) values ($1, 1, 'user', '{}', $2)`, [
    session,
    old,
  ]);
  await sql(
    `insert into question (session, turn, key, asked, state, expires_at, closed_at)
     values ($1, null, 'asked and open', '{}', 'open', $2, null), ($1, null, 'asked and closed', '{}', 'expired', $2, $2),
            ($1, 1, 'closed, of a turn that runs', '{}', 'expired', $2, $2)`,
    [session, old],
  );
  await sql(
    `insert into policy (version, document, source, applied_by, applied_at)
     values (1, '{}', '', 'me', $1), (2, '{"scopes": [{"scope": "channel:T1:C7"}]}', '', 'me', $1)`,
    [old],
  );
  await sql(
    `insert into channel (team, id, name, kind, seen_at)
     select 'T1', id, id, 'public', $1 from unnest(array['C1', 'C7', 'C9']) id`,
    [old],
  );

  await sql(`insert into refresh_token (connection, seed, used_at) values ('unused', 's', $1), ('used', 's', now())`, [
    old,
  ]);

  await clean(new Date(), RETENTION_DAYS);
  const left = async (column: string, table: string): Promise<string[]> =>
    (await sql(`select ${column}::text as name from ${table} order by 1`)).rows.map(({ name }) => name);
  expect(await left('event_id', 'inbox')).toEqual([
    'context that the next turn reads',
    'not looked at',
    'not looked at, of no thread yet',
    'not read',
    'not signalled',
  ]);
  expect(await left('name', 'file')).toEqual(['not placed', 'not posted']);
  expect(await left('key', 'outbox')).toEqual(['not sent', 'refusal/disabled/T1/C1']);
  expect(await left('state', 'turn')).toEqual(['running']);
  expect(await left('turn', 'access_snapshot')).toEqual(['1']);
  expect(await left('turn', 'transcript')).toEqual(['1']);
  expect(await left('key', 'question')).toEqual(['asked and open', 'closed, of a turn that runs']);
  expect(await left('version', 'policy')).toEqual(['2']);
  expect(await left('connection', 'refresh_token')).toEqual(['used']);
  // A thread and the access file name these two.
  expect(await left('id', 'channel')).toEqual(['C1', 'C7']);
});

test('deleting does not wait for locks: locked rows are left for the next time', async () => {
  await live(stage.database, new Date(Date.now() - 400 * DAY_MS));
  const holder = await stage.database.connect();
  try {
    await holder.query('begin');
    await holder.query('select 1 from session for update');
    await holder.query('select 1 from egress_event limit 1 for update');
    const started = performance.now();
    const before = new Date(Date.now() - 365 * DAY_MS);
    expect(await deleteOld(stage.database, 'egress', before, 100)).toBe(7);
    expect(await deleteOld(stage.database, 'transcripts', before, 100)).toBe(0);
    expect(performance.now() - started).toBeLessThan(5_000 * contention());
    await holder.query('rollback');
  } finally {
    holder.release();
  }
  expect(await deleteOld(stage.database, 'egress', new Date(Date.now() - 365 * DAY_MS), 100)).toBe(1);
});

test('who writes in an old thread while it is being deleted has a session afterwards', async () => {
  const thread = {
    id: 'slack:T1:C1:3.0',
    scope: 'channel:T1:C1',
    principal: 'agent@channel:T1:C1',
    permalink: null,
  } as const;
  await ensureSession(stage.database, thread);
  const lastUsed = () => sql("update session set changed_at = now() - interval '500 days' where id = $1", [thread.id]);
  const yearAgo = new Date(Date.now() - 365 * DAY_MS);
  const isThere = async () => (await sql('select 1 from session where id = $1', [thread.id])).rowCount === 1;

  // Deleting is first: the message waits for it and makes the session anew.
  await lastUsed();
  const deleting = await stage.database.connect();
  await deleting.query('begin');
  await deleting.query("select delete_old('threads', $1, 10)", [yearAgo]);
  const message = ensureSession(stage.database, thread);
  await expect(Promise.race([message, sleep(200)])).resolves.toBe('still waits');
  await deleting.query('commit');
  deleting.release();
  await message;
  expect(await isThere()).toBe(true);

  // The message is first: deleting does not wait for it and leaves the session.
  await lastUsed();
  await inTransaction(stage.database, async (db) => {
    await ensureSession(db, thread);
    expect(await deleteOld(stage.database, 'threads', yearAgo, 10)).toBe(0);
  });
  expect(await deleteOld(stage.database, 'threads', yearAgo, 10)).toBe(0);
  expect(await isThere()).toBe(true);
});

async function sleep(ms: number): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'still waits';
}
