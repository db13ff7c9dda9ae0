import { randomBytes } from 'node:crypto';
import pg from 'pg';
import {
  DATABASE_ROLES,
  type DatabaseRole,
  dropRoles,
  ensureRoles,
  roleName,
  urlForRole,
} from '../../../store/roles.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';

/** What each role may do, by table: s(elect), i(nsert), u(pdate), d(elete); columns where only some are given. */
const EXPECTED: Record<DatabaseRole, Record<string, string>> = {
  gateway: {
    channel: 's i u',
    channel_outsider: 's i u d',
    channel_verdict: 's(channel name team) d',
    confirmed_channel: 's',
    mixed_channel: 's',
    file: 's i u(size) d',
    file_chunk: 's i',
    held_back: 's i u(confirmed)',
    inbox: 's i u',
    inbox_served: 's i u',
    installation: 's(created_at key_id public_key)',
    mcp_server: 's i u',
    outbox: 's i u',
    outbox_lane: 's i u',
    person: 's i u',
    personal_connection:
      's(added_at connection expires_at key_id person refusal_told refused_at team version way) i u(refusal_told) d',
    personal_grant: 's i u(answer failure proof returned_at state told user_code verification_uri verifier wrong) d',
    personal_settings: 's i u d',
    personal_test: 's i d',
    policy: 's',
    policy_revision: 's',
    question: 's i u',
    rate_bucket: 's i u',
    sandbox: 's(forget_turn has_workspace session) u(forget_turn has_workspace)',
    schedule: 's',
    session: 's i u(changed_at forgotten_entry forgotten_turn heard muted_by muted_notice permalink root_deleted_at)',
    slack_watermark: 's i u d',
    slack_catch_up: 's i u',
    slack_refusal: 's i u',
    slack_catch_up_place: 's i u d',
    step: 's(arguments attempt begun exit_code kind number session started_at state tool tool_call trouble truncated turn) u(attempt begun ended_at exit_code output started_at state trouble truncated)',
    thread_model: 's i u d',
    transcript: 'i',
    turn: 's',
  },
  agent: {
    access_snapshot: 's i',
    slack_refusal: 's',
    channel: 's',
    confirmed_channel: 's',
    mixed_channel: 's',
    egress_event: 's',
    file: 's u(turn)',
    file_chunk: 's',
    inbox: 's i u(claimed_until delivered_at not_before state turn)',
    mcp_server: 's i u',
    mcp_tool: 's',
    model_key: 's',
    model_usage: 's i u',
    outbox: 's i u',
    own_use: 's',
    person: 's',
    personal_connection: 's(connection person team version way)',
    personal_settings: 's',
    place_channel: 's i u',
    place_request: 's i u d',
    policy: 's',
    policy_revision: 's',
    question: 's u',
    runner: 's',
    sandbox: 's i u',
    schedule: 's',
    session: 's u(changed_at fence_count fence_run heard instructions instructions_turn run_id runs state)',
    step: 's i u',
    thread_model: 's',
    transcript: 's i',
    turn: 's i u',
  },
  runner: {
    access_snapshot: 's(session tools turn)',
    applied_environment: 's',
    file: 's i u(placed_in)',
    file_chunk: 's i',
    inbox: 's(author author_class confirmed_by kind received_at session state team turn)',
    mcp_server: 's i u d',
    mcp_tool: 's i d',
    outbox: 's i u',
    own_use: 's i u',
    person: 's(id name team)',
    personal_connection: 's(connection person team version)',
    policy_revision: 's',
    question: 's i u',
    runner: 's i u',
    sandbox: 's u',
    session: 's u(changed_at owner)',
    step: 's u',
    transcript: 's i',
    turn: 's u(blocked bytes_out forwarded injected plan sandbox_ready_at)',
  },
  proxy: {
    confirmed_channel: 's',
    mixed_channel: 's',
    credential: 's',
    egress_event: 's i u(bytes_in bytes_out requests)',
    own_use: 's',
    personal_connection: 's u(generation held_until holder refusal_told refused_at renewed)',
    personal_grant:
      's(answer asked_at connection ends_at person poll_at poll_seconds redirect_uri state team verifier version way) u(account answer ends_at failure key_id poll_at poll_seconds sealed state user_code verification_uri verifier)',
    personal_test:
      's(answered_at asked_at connection key person taken_until team) u(answered_at code status taken_until)',
    policy: 's',
    policy_revision: 's',
    refresh_token: 's i u',
  },
  admin: {
    channel: 's',
    channel_verdict: 's i u d',
    confirmed_channel: 's',
    mixed_channel: 's',
    credential: 's(connection created_at expires_at key_id version) i d',
    egress_event: 's',
    held_back: 's',
    inbox: 's(attempts author channel delivered_at id kind received_at session state team thread_ts ts turn)',
    installation: 's',
    mcp_server: 's',
    mcp_tool: 's u(approved_at) d',
    model_usage: 's',
    outbox: 's(attempts channel created_at failed id kind revision sent_revision session slack_ts team thread_ts)',
    person: 's',
    personal_connection: 's(added_at connection expires_at key_id person refused_at team version way) d',
    personal_grant: 's(connection person team) d',
    personal_settings: 's(changed_at has_instructions minutes model person steps team tokens) d',
    place_request: 's',
    policy: 's i',
    policy_revision: 's',
    refresh_token: 's(connection) d',
    runner: 's u(draining)',
    sandbox: 's',
    schedule: 's i u d',
    session: 's',
    step: 's(number session turn)',
    turn: 's',
  },
  console: {
    access_snapshot: 's',
    confirmed_channel: 's',
    mixed_channel: 's',
    egress_event: 's',
    held_back: 's',
    outbox: 's(final id key kind sent_at session)',
    personal_connection: 's(connection person team version way)',
    policy: 's',
    policy_revision: 's',
    sandbox: 's',
    session: 's',
    step: 's(attempt ended_at exit_code kind number session started_at state tool truncated turn)',
    turn: 's',
  },
};

describe('the roles of the database', () => {
  const installation = randomBytes(4).toString('hex');
  const password = randomBytes(16).toString('hex');
  const passwords = Object.fromEntries(DATABASE_ROLES.map((role) => [role, password])) as Record<DatabaseRole, string>;
  let test: TestDatabase;

  beforeAll(async () => {
    test = await createTestDatabase();
    await ensureRoles(test.url, installation, passwords);
    // A second run changes nothing: every start of `up` is one.
    await ensureRoles(test.url, installation, passwords);
    await test.database.query(
      "insert into credential (connection, version, key_id, sealed) values ('crm', 1, 'k', 'x')",
    );
    await test.database.query(
      "insert into session (id, team, channel, thread_ts, scope, principal) values ('slack:T:C:1', 'T', 'C', '1', 's', 'p')",
    );
  });
  afterAll(async () => {
    await dropRoles(test.url, installation);
    await test[Symbol.asyncDispose]();
  });

  async function as(role: DatabaseRole, sql: string): Promise<string> {
    const client = new pg.Client({ connectionString: urlForRole(test.url, installation, role, password) });
    await client.connect();
    try {
      const { rowCount } = await client.query(sql);
      return `${rowCount} rows`;
    } catch (error) {
      return (error as Error).message;
    } finally {
      await client.end();
    }
  }

  it.each(DATABASE_ROLES)('%s may do what its process needs, and nothing else', async (role) => {
    expect(await grantsOf(test, roleName(installation, role))).toEqual(EXPECTED[role]);
  });

  it.each(DATABASE_ROLES.filter((role) => role !== 'proxy'))('%s cannot read a sealed credential', async (role) => {
    expect(await as(role, 'select sealed from credential')).toMatch(/permission denied/);
    expect(await as(role, 'select * from credential')).toMatch(/permission denied/);
    expect(await as(role, 'create table mine as table credential')).toMatch(/permission denied/);
    expect(await as(role, 'select sealed from refresh_token')).toMatch(/permission denied/);
    expect(await as(role, 'select sealed from personal_connection')).toMatch(/permission denied/);
  });

  it('lets the proxy read a sealed credential, and not change it', async () => {
    expect(await as('proxy', 'select sealed from credential')).toBe('1 rows');
    expect(await as('proxy', "update credential set sealed = 'y'")).toMatch(/permission denied/);
    expect(await as('proxy', 'delete from credential')).toMatch(/permission denied/);
  });

  it('lets the command line enter and drop a credential', async () => {
    const insert = "insert into credential (connection, version, key_id, sealed) values ('crm', 2, 'k', 'z')";
    expect(await as('admin', insert)).toBe('1 rows');
    expect(await as('admin', "delete from credential where connection = 'crm' and version = 2")).toBe('1 rows');
    expect(await as('admin', "update credential set connection = 'other'")).toMatch(/permission denied/);
  });

  it.each([
    ['gateway', 'select content from transcript'],
    ['gateway', 'select output from step'],
    ['gateway', "update personal_connection set person = 'U2'"],
    ['gateway', 'select * from credential'],
    ['agent', 'delete from personal_connection'],
    ['proxy', 'delete from personal_connection'],
    ['proxy', "update personal_connection set person = 'U2'"],
    ['admin', "update personal_connection set person = 'U2'"],
    ['gateway', "update session set principal = 'somebody'"],
    ['gateway', "insert into policy (version, document, source, applied_by) values (9, '{}', '', 'me')"],
    ['agent', "insert into policy (version, document, source, applied_by) values (9, '{}', '', 'me')"],
    ['agent', "update session set principal = 'somebody'"],
    ['agent', 'update session set agent_uid = 20001'],
    ['agent', 'delete from transcript'],
    ['agent', "update transcript set content = '{}'"],
    ['agent', 'delete from egress_event'],
    ['runner', "insert into policy (version, document, source, applied_by) values (9, '{}', '', 'me')"],
    ['runner', "update turn set requester = 'somebody'"],
    ['runner', "update session set scope = 'other'"],
    ['runner', 'select document from policy'],
    ['runner', 'delete from egress_event'],
    ['proxy', 'select text from inbox'],
    ['proxy', 'select content from transcript'],
    ['proxy', "update egress_event set outcome = 'forwarded'"],
    ['proxy', 'delete from egress_event'],
    ['proxy', 'delete from refresh_token'],
    ['proxy', "insert into policy (version, document, source, applied_by) values (9, '{}', '', 'me')"],
    ['admin', 'update refresh_token set generation = 0'],
    ['admin', 'select text from inbox'],
    ['admin', 'select body from outbox'],
    ['admin', 'insert into egress_event select * from egress_event'],
    ['console', 'select text from inbox'],
    ['console', 'select body from outbox'],
    ['console', 'select output from step'],
    ['console', 'select arguments from step'],
    ['console', 'select bytes from file_chunk'],
    ['console', "update session set state = 'closed'"],
  ] as const)('denies %s: %s', async (role, sql) => {
    expect(await as(role, sql)).toMatch(/permission denied/);
  });

  it.each(DATABASE_ROLES)('%s can make nothing of its own in the schema, and become nobody else', async (role) => {
    expect(await as(role, 'create table mine (id int)')).toMatch(/permission denied/);
    expect(await as(role, `create role "${roleName(installation, role)}_2"`)).toMatch(/permission denied/);
    const other = role === 'proxy' ? 'gateway' : 'proxy';
    expect(await as(role, `set role "${roleName(installation, other)}"`)).toMatch(/permission denied/);
    expect(await as(role, "copy (select 1) to program 'true'")).toMatch(/permission denied/);
    expect(await as(role, "select pg_read_file('/etc/passwd')")).toMatch(/permission denied/);
  });

  it('lets the agent alone delete what is too old, by the function that decides what that is', async () => {
    const ask = (age: string) => `select delete_old('egress', now() - interval '${age}', 10)`;
    expect(await as('agent', ask('1 year'))).toBe('1 rows');
    expect(await as('agent', ask('1 hour'))).toMatch(/younger than a day/);
    for (const role of DATABASE_ROLES.filter((each) => each !== 'agent')) {
      expect(await as(role, ask('1 year'))).toMatch(/permission denied/);
    }
  });

  it('takes back what an earlier release had granted', async () => {
    const name = roleName(installation, 'console');
    await test.database.query(`grant all on credential to "${name}"`);
    await ensureRoles(test.url, installation, passwords);
    expect(await grantsOf(test, name)).toEqual(EXPECTED.console);
  });
});

/** Grants as the server has them, in the words of `EXPECTED`. */
async function grantsOf({ database }: TestDatabase, role: string): Promise<Record<string, string>> {
  const { rows } = await database.query<{ table: string; privilege: string; columns: string[] | null }>(
    `select c.relname as table, p.privilege, null as columns
     from pg_class c cross join (values ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) p(privilege)
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v') and has_table_privilege($1, c.oid, p.privilege)
     union all
     select c.relname, p.privilege, array_agg(a.attname::text order by a.attname)
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       cross join (values ('SELECT'), ('INSERT'), ('UPDATE'), ('REFERENCES')) p(privilege)
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v')
       and not has_table_privilege($1, c.oid, p.privilege) and has_column_privilege($1, c.oid, a.attnum, p.privilege)
     group by c.relname, p.privilege`,
    [role],
  );
  const order = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'];
  rows.sort((a, b) => order.indexOf(a.privilege) - order.indexOf(b.privilege));
  const grants: Record<string, string> = {};
  for (const { table, privilege, columns } of rows) {
    const letter = order.indexOf(privilege) < 4 ? privilege.charAt(0).toLowerCase() : privilege;
    const words = columns ? `${letter}(${columns.join(' ')})` : letter;
    grants[table] = grants[table] ? `${grants[table]} ${words}` : words;
  }
  return grants;
}
