import type { Person } from '../contracts/scope.ts';
import type { Queryable } from './database.ts';

/** A person asks whether a connection of theirs works. Only a proxy can say it, and only the gateway can tell it. */
export interface AskedTest extends Person {
  /** The message in the outbox that tells what comes of it: one test for each. */
  readonly key: string;
  /** The name of the offer: `github`. */
  readonly connection: string;
}

/** What came of it. */
export interface TestAnswer {
  /** What the service answered. Null when no request reached it. */
  readonly status: number | null;
  /** The code of the proxy's refusal. Null when there was none. */
  readonly code: string | null;
}

/** Where the person is told. */
export interface TestPlace {
  readonly channel: string;
  readonly threadTs: string | null;
}

export interface AnsweredTest extends AskedTest, TestAnswer, TestPlace {
  /** Nobody has asked: the connection was entered just now. */
  readonly isNew: boolean;
}

/** A proxy that dies with a test in hand leaves it to another after this time. */
const HOLD_MS = 30_000;
/** A person waits this long. Then they are told that nobody has answered. */
const PATIENCE_MS = 60_000;

/**
 * Asks for a test of a person's connection, once for each key, and wakes the proxies.
 * @param isNew nobody has asked: the connection was entered just now
 */
export async function askForTest(
  db: Queryable,
  { key, team, person, connection }: AskedTest,
  { channel, threadTs }: TestPlace,
  isNew = false,
): Promise<void> {
  await db.query(
    `insert into personal_test (key, team, person, connection, channel, thread_ts, is_new) values ($1, $2, $3, $4, $5, $6, $7)
     on conflict (key) do nothing`,
    [key, team, person, connection, channel, threadTs, isNew],
  );
  db.wake('bellhop_people');
}

/** Whose tests this proxy takes no more of for now. */
export interface FullTests {
  /** Names of connections. */
  readonly connections: readonly string[];
  readonly people: readonly Person[];
}

/** The test that has waited longest, for this proxy alone, and none of those that are full. Null when none waits. */
export async function takeTest(db: Queryable, { connections, people }: FullTests): Promise<AskedTest | null> {
  const { rows } = await db.query<AskedTest>(
    `update personal_test set taken_until = now() + $1 * interval '1 ms'
     where key = (
       select key from personal_test
       where answered_at is null and (taken_until is null or taken_until < now())
         and connection <> all ($2::text[])
         and not exists (select from unnest($3::text[], $4::text[]) as full_of (team, person)
           where full_of.team = personal_test.team and full_of.person = personal_test.person)
       order by asked_at limit 1 for update of personal_test skip locked)
     returning key, team, person, connection`,
    [HOLD_MS, connections, people.map(({ team }) => team), people.map(({ person }) => person)],
  );
  return rows[0] ?? null;
}

/** Keeps what came of a test. Only the first answer counts. */
/**
 * Keeps what came of a test. A pasted token that the service has refused (401) or taken is noted so, if it is the one that was there when the test
 * was asked for. What the test says is told with the test.
 */
export async function answerTest(db: Queryable, key: string, { status, code }: TestAnswer): Promise<void> {
  const says = code === null && status !== null && (status === 401 || status < 300);
  await db.query(
    `with answered as (
       update personal_test set status = $2, code = $3, answered_at = now() where key = $1 and answered_at is null
       returning team, person, connection, asked_at)
     update personal_connection own set refused_at = case when $2 = 401 then coalesce(own.refused_at, now()) end,
       refusal_told = own.refusal_told or $2 = 401
     from answered where $4 and own.team = answered.team and own.person = answered.person
       and own.connection = answered.connection and own.way = 'token' and own.added_at <= answered.asked_at`,
    [key, status, code, says],
  );
  db.wake('bellhop_people');
}

/** Takes the tests that can be told: those that are answered, and those that nobody has answered for a minute. */
export async function takeAnsweredTests(tx: Queryable): Promise<AnsweredTest[]> {
  const { rows } = await tx.query<AnsweredTest>(
    `delete from personal_test where answered_at is not null or asked_at < now() - $1 * interval '1 ms'
     returning key, team, person, connection, channel, thread_ts as "threadTs", is_new as "isNew", status, code`,
    [PATIENCE_MS],
  );
  return rows;
}
