import type { Person } from '../contracts/scope.ts';
import type { Queryable } from './database.ts';

/** A person asks whether a connection of theirs works. Only a proxy can say it, and only the gateway can tell it. */
export interface AskedTest extends Person {
  /** The inbox row that asks: one test for each. */
  readonly id: string;
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

export interface AnsweredTest extends AskedTest, TestAnswer {
  readonly channel: string;
  readonly threadTs: string;
}

/** A proxy that dies with a test in hand leaves it to another after this time. */
const HOLD_MS = 30_000;
/** So long a person waits. Then they are told that nobody has answered. */
const PATIENCE_MS = 60_000;

export async function askForTest(
  db: Queryable,
  { id, team, person, connection }: AskedTest,
  place: { readonly channel: string; readonly threadTs: string },
): Promise<void> {
  await db.query(
    `insert into personal_test (id, team, person, connection, channel, thread_ts) values ($1, $2, $3, $4, $5, $6)
     on conflict (id) do nothing`,
    [id, team, person, connection, place.channel, place.threadTs],
  );
  db.wake('bellhop_people');
}

/** The test that has waited longest, for this proxy alone. Null when none waits. */
export async function takeTest(db: Queryable): Promise<AskedTest | null> {
  const { rows } = await db.query<AskedTest>(
    `update personal_test set taken_until = now() + $1 * interval '1 ms'
     where id = (
       select id from personal_test where answered_at is null and (taken_until is null or taken_until < now())
       order by asked_at limit 1 for update skip locked)
     returning id, team, person, connection`,
    [HOLD_MS],
  );
  return rows[0] ?? null;
}

export async function answerTest(db: Queryable, id: string, { status, code }: TestAnswer): Promise<void> {
  await db.query(
    'update personal_test set status = $2, code = $3, answered_at = now() where id = $1 and answered_at is null',
    [id, status, code],
  );
  db.wake('bellhop_people');
}

/** Takes the tests that can be told: those that are answered, and those that nobody has answered for a minute. */
export async function takeAnsweredTests(tx: Queryable): Promise<AnsweredTest[]> {
  const { rows } = await tx.query<AnsweredTest>(
    `delete from personal_test where answered_at is not null or asked_at < now() - $1 * interval '1 ms'
     returning id, team, person, connection, channel, thread_ts as "threadTs", status, code`,
    [PATIENCE_MS],
  );
  return rows;
}
