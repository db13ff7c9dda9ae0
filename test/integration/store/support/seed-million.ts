import pg from 'pg';
import type { SessionId } from '../../../../contracts/ids.ts';

/** A thread with 300 turns, 6,000 steps, 10,000 requests and 2,000 messages each way. Its last turn is under way. */
export const BUSY: SessionId = 'slack:T1:C1:1600000000.000100';
export const BUSY_TURN = 300;
/** The sandbox of the busy thread. */
export const BUSY_SANDBOX = 'busy';

/** A thread like most: one turn, long over. `n` is at most a million; the newest is the millionth. */
export const sessionOfNumber = (n: number): SessionId => `slack:T1:C${n % 5_000}:${1_700_000_000 + n}.000100`;

const SESSION = `slack_thread('T1', 'C' || n % 5000, (1700000000 + n) || '.000100')`;
const THREAD = `'T1', 'C' || n % 5000, (1700000000 + n) || '.000100'`;
/** One thread every thirty seconds of the last year. */
const AT = `now() - (1000000 - n) * interval '30 seconds'`;
const MILLION = 'from generate_series(1, 1000000) n';
const BUSY_THREAD = `'T1', 'C1', '1600000000.000100'`;

/** One statement for each table, so that two connections can share them. Turns that are under way belong to the newest threads. */
const ROWS: readonly string[] = [
  `insert into inbox (event_id, kind, team, channel, thread_ts, ts, author, address, text, state, received_at, delivered_at, turn)
   select 'Ev' || n, 'message', ${THREAD}, (1700000000 + n) || '.000100', 'U' || n % 20000, 'mention', 'please do it', 'delivered', ${AT}, ${AT}, 1
   ${MILLION}
   union all
   select 'EvB' || n, 'message', ${BUSY_THREAD}, (1600000000 + n) || '.000200', 'U' || n % 20, 'thread', 'and this', 'delivered',
     now() - (2000 - n) * interval '1 minute', now(), 1 + n * 299 / 2000
   from generate_series(1, 2000) n
   union all
   select 'EvD' || n, 'message', 'T1', 'D' || n % 200, (1650000000 + n) || '.000100', (1650000000 + n) || '.000100', 'U' || n % 200, 'dm', 'hello',
     'delivered', now() - n * interval '6 minutes', now(), 1
   from generate_series(1, 50000) n
   union all
   select 'EvW' || n, 'message', 'T1', 'C' || n % 200, (1690000000 + n) || '.000100', (1690000000 + n) || '.000100', 'U1', 'mention', 'now',
     'received', now(), null, null
   from generate_series(1, 50) n`,
  `insert into outbox (key, kind, team, channel, thread_ts, body, revision, sent_revision, final, slack_ts, created_at, sent_at)
   select ${SESSION} || '/1/answer', 'message', ${THREAD}, '{"kind": "answer", "text": "done"}'::jsonb, 2, 2, true, (1700000500 + n) || '.000100', ${AT}, ${AT}
   ${MILLION}
   union all
   select slack_thread(${BUSY_THREAD}) || '/' || n || '/part', 'message', ${BUSY_THREAD}, '{"kind": "answer", "text": "done"}', 2, 2, true,
     (1600000500 + n) || '.000100', now() - (2000 - n) * interval '1 minute', now() - (2000 - n) * interval '1 minute'
   from generate_series(1, 2000) n
   union all
   select 'waiting/' || n, case when n % 3 = 0 then 'message' else 'reaction' end, 'T1', 'C' || n % 200, (1690000000 + n) || '.000100',
     '{"kind": "answer", "text": "done"}', 1, 0, true, null, now(), null
   from generate_series(1, 1500) n`,
  // Numbers of users far from where the sequence of any database begins.
  `insert into session (id, team, channel, thread_ts, scope, principal, state, agent_uid, created_at, changed_at)
   select ${SESSION}, ${THREAD}, 'channel:T1:C' || n % 5000, 'agent@channel:T1:C' || n % 5000,
     case when n > 999800 then 'working' when n > 999000 then 'paused' else 'closed' end, 800000000 + n, ${AT}, ${AT}
   ${MILLION}
   union all
   select slack_thread(${BUSY_THREAD}), ${BUSY_THREAD}, 'channel:T1:C1', 'agent@channel:T1:C1', 'working', 800000000, now(), now()`,
  `insert into sandbox (id, session, runner, working_turn, state, has_workspace, changed_at)
   select 'sb' || n, ${SESSION}, 'r' || n % 4, case when n > 999900 then 1 end,
     case when n > 999900 then 'running' when n > 999800 then 'paused' else 'removed' end, n > 900000, ${AT}
   ${MILLION}
   union all
   select '${BUSY_SANDBOX}', slack_thread(${BUSY_THREAD}), 'r1', 300, 'running', true, now()`,
  `insert into place_request (session, turn, home, asked_at, needed_at)
   select ${SESSION}, 1, 'r' || n % 4, now() - interval '20 seconds', now() from generate_series(999801, 999900) n`,
  `insert into personal_connection (team, person, connection, version, key_id, sealed)
   select 'T1', 'U' || n % 20000, case when n <= 20000 then 'github' else 'linear' end, n, 'k', 'x' from generate_series(1, 40000) n`,
  `insert into question (session, turn, key, asked, state, choice, chosen_by, asked_at, expires_at, closed_at, told_at)
   select ${SESSION}, 1, 'question/' || n, '{}'::jsonb, 'answered', 'yes', 'U1', ${AT}, ${AT}, ${AT}, ${AT} ${MILLION}`,
  // Far more attempts at once than ever.
  `insert into personal_grant (team, person, connection, version, way, state, state_digest, returned_at)
   select 'T1', 'U' || n, 'github', n, 'browser', case when n % 100 = 0 then 'returned' else 'waiting' end, 'd' || n, now()
   from generate_series(1, 20000) n`,
  `insert into own_use (session, team, person, connection, decision, version, turn) select ${SESSION}, 'T1', 'U1', 'github', 'thread', 1, 1 ${MILLION}`,
  `insert into held_back (session, owner, actor, kind, ts, at) select ${SESSION}, 'U1', 'U2', 'reaction', '1.' || n, ${AT} ${MILLION}`,
  `insert into personal_settings (team, person, steps)
   select 'T1', 'U' || n, 20 from generate_series(1, 40000) n`,
  `insert into thread_model (session, model, chosen_by, chosen_at) select ${SESSION}, 'large', 'U1', ${AT} ${MILLION}`,
  `insert into place_channel (channel, served_at) select 'T1:C' || n, now() - n * interval '1 second' from generate_series(0, 4999) n`,
  `insert into turn (session, number, claim, requester, state, started_at, ended_at)
   select ${SESSION}, 1, 'run' || n || '/1', 'U' || n % 20000, case when n > 999800 then 'running' else 'answered' end, ${AT},
     case when n > 999800 then null else ${AT} end
   ${MILLION}
   union all
   select slack_thread(${BUSY_THREAD}), n, 'busy/' || n, 'U1', case when n = 300 then 'running' else 'answered' end, now(),
     case when n = 300 then null else now() end
   from generate_series(1, 300) n`,
  `insert into access_snapshot (session, turn, policy_version, access, taken_at)
   select ${SESSION}, 1, 1, '{}'::jsonb, ${AT} ${MILLION}
   union all
   select slack_thread(${BUSY_THREAD}), n, 1, '{"connections": [], "rules": [], "repositories": []}', now()
   from generate_series(1, 300) n`,
  `insert into transcript (session, turn, role, content, at)
   select ${SESSION}, 1, 'assistant', '{"blocks": [{"type": "text", "text": "done"}]}'::jsonb, ${AT} ${MILLION}`,
  `insert into transcript (session, turn, role, step, content, at)
   select slack_thread(${BUSY_THREAD}), 1 + n * 299 / 6000, case when n % 2 = 0 then 'assistant' else 'tool' end, n % 20,
     '{"blocks": [{"type": "text", "text": "a little"}, {"type": "tool_use"}]}'::jsonb, now()
   from generate_series(1, 6000) n`,
  `insert into step (session, turn, number, kind, tool, tool_call, state, output, started_at, ended_at)
   select ${SESSION}, 1, 1, 'tool', 'bash', 'c', 'done', case when n > 900000 then 'ok' end, ${AT}, ${AT} ${MILLION}
   union all
   select slack_thread(${BUSY_THREAD}), turn, n, case when n % 2 = 0 then 'tool' else 'model' end, 'bash', 'c' || n,
     case when turn = 300 and n = 20 then 'running' else 'done' end, 'ok', now(), now()
   from generate_series(1, 300) turn, generate_series(1, 20) n`,
  `insert into model_usage (session, turn, step, principal, channel, model, input_tokens, output_tokens, at)
   select ${SESSION}, 1, 1, 'p', 'C' || n % 5000, 'm', 1, 1, ${AT} ${MILLION}`,
  `insert into egress_event (id, at, sandbox, session, turn, outcome, code, reason, method, scheme, host, port, path, bytes_out, bytes_in,
     duration_ms, transport, stored_at)
   select md5('e' || n)::uuid, ${AT}, 'sb' || n, ${SESSION}, 1, 'forwarded', 'domain_entry', 'r', 'GET', 'https', 'pypi.test', 443, '/', 1, 1, 1,
     'intercept', ${AT}
   ${MILLION}
   union all
   select md5('b' || n)::uuid, now() - (10000 - n) * interval '1 second', '${BUSY_SANDBOX}', slack_thread(${BUSY_THREAD}), 1 + n * 299 / 10000, 'forwarded', 'domain_entry', 'r', 'GET',
     'https', 'pypi.test', 443, '/', 1, 1, 1, 'intercept', now()
   from generate_series(1, 10000) n`,
  `insert into file (id, session, name, size, direction, turn, at)
   select md5('f' || n)::uuid, ${SESSION}, 'a.csv', 1, case when n % 2 = 0 then 'in' else 'out' end, 1, ${AT} from generate_series(1, 1000000, 10) n`,
  `insert into file_chunk (file, seq, bytes) select md5('f' || n)::uuid, 0, 'x' from generate_series(1, 1000000, 10) n`,
  `insert into inbox_served (team, channel, served_at) select 'T1', 'C' || n, now() from generate_series(1, 5000) n`,
  `insert into slack_watermark (team, gateway, seen_until) values ('T1', 'g1', now())`,
  `insert into slack_catch_up (team, needed_until) values ('T1', now())`,
  `insert into person (team, id, name, class) select 'T1', 'U' || n, 'Person ' || n, 'member' from generate_series(1, 20000) n`,
  `insert into channel (team, id, name, kind) select 'T1', 'C' || n, 'channel-' || n, 'public' from generate_series(1, 5000) n`,
  `insert into rate_bucket (team, method, channel, tokens) select 'T1', 'chat.postMessage', 'C' || n, 1 from generate_series(1, 5000) n`,
  `insert into runner (id, capacity, runtime, beat_at)
   select 'r' || n, 60, 'runc', now() + interval '1 hour' from generate_series(0, 3) n`,
  `insert into policy (version, document, source, applied_by) select n,
     '{"scopes": [], "bundles": [], "connections": [], "guardrails": [], "repositoryGuardrails": []}', '', 'me' from generate_series(1, 50) n`,
  `insert into schedule (name, team, channel, cron, timezone, prompt, policy_version)
   select 's' || n, 'T1', 'C' || n, '0 9 * * *', 'UTC', 'do it', 50 from generate_series(1, 50) n`,
];

/** What belongs to the rows above and needs an index to be written. */
const AFTERWARDS: readonly string[] = [
  `insert into transcript (session, turn, role, content, at)
   select session, 299, 'summary', jsonb_build_object('upTo', max(seq) - 100), now() from transcript
   where session = slack_thread(${BUSY_THREAD}) group by session`,
  `insert into channel_verdict (team, channel, name, pattern, confirmed, decided_by)
   select team, id, name, '#channel-*', true, 'me' from channel where id like 'C1%'`,
  // What waits is in its lane, as it is a moment after it was written.
  'select queue_outbox(10000)',
];

/** Connections that load at the same time: as many as a small machine has cores. */
const AT_ONCE = 2;

/**
 * Fills an empty database with a year of a large installation: a million threads, each with a turn, a step, an answer and so on. It
 * takes some seconds: tables are not logged, and indexes are built when the rows are there.
 */
export async function seedMillion(url: string): Promise<void> {
  await withClient(url, async (owner) => {
    const constraints = await definitionsOf(
      owner,
      `select conrelid::regclass::text as table, conname as name, contype as type, pg_get_constraintdef(oid) as definition
       from pg_constraint where connamespace = 'public'::regnamespace and contype in ('p', 'u', 'f')`,
    );
    const keys = constraints.filter(({ type }) => type !== 'f');
    const references = constraints.filter(({ type }) => type === 'f');
    const indexes = (
      await definitionsOf(
        owner,
        `select tablename as table, indexname as name, 'i' as type, indexdef as definition from pg_indexes where schemaname = 'public'`,
      )
    ).filter(({ name }) => !keys.some((key) => key.name === name));
    for (const { table, name } of [...references, ...keys]) {
      await owner.query(`alter table ${table} drop constraint ${name}`);
    }
    for (const { name } of indexes) await owner.query(`drop index ${name}`);
    for (const table of new Set(keys.map((key) => key.table))) await owner.query(`alter table ${table} set unlogged`);

    await share(url, ROWS);
    await share(url, [
      ...keys.map(({ table, name, definition }) => `alter table ${table} add constraint ${name} ${definition}`),
      ...indexes.map(({ definition }) => definition),
    ]);
    for (const { table, name, definition } of references) {
      await owner.query(`alter table ${table} add constraint ${name} ${definition} not valid`);
    }
    for (const sql of AFTERWARDS) await owner.query(sql);
    await share(
      url,
      [...new Set(keys.map((key) => key.table))].map((table) => `vacuum analyze ${table}`),
    );
  });
}

interface Definition {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly definition: string;
}

async function definitionsOf(client: pg.Client, sql: string): Promise<Definition[]> {
  return (await client.query<Definition>(sql)).rows;
}

/** Runs the statements on a few connections. Two on one table may have to wait for each other. */
async function share(url: string, statements: readonly string[]): Promise<void> {
  const waiting = [...statements];
  const work = (): Promise<void> =>
    withClient(url, async (client) => {
      await client.query("set maintenance_work_mem = '256MB'");
      for (let sql = waiting.shift(); sql; sql = waiting.shift()) await client.query(sql);
    });
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function withClient(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
