import type { Queryable } from './database.ts';
import type { AuthorClass } from './inbox.ts';
import { storableText } from './storable.ts';

/** What Slack says about a person or an app of the workspace. */
export interface Person {
  readonly team: string;
  readonly id: string;
  readonly name: string;
  readonly class: AuthorClass;
  /** What they say they do. Empty where Slack does not say. @default empty */
  readonly title?: string;
  /** The name of their time zone, such as `Europe/Berlin`. Empty where Slack does not say. @default empty */
  readonly zone?: string;
  /** The second in which the person's data last changed, as Slack states it. 0 when Slack does not say. */
  readonly updated: number;
}

export interface KnownPerson extends Person {
  /** When Slack last sent this data. */
  readonly seenAt: Date;
}

interface Row {
  team: string;
  id: string;
  name: string;
  class: AuthorClass;
  title: string;
  zone: string;
  updated: string;
  seen_at: Date;
}

/** Null when nothing is known about them. */
export async function findPerson(db: Queryable, team: string, id: string): Promise<KnownPerson | null> {
  const { rows } = await db.query<Row>(
    'select team, id, name, class, title, zone, updated, seen_at from person where team = $1 and id = $2',
    [team, id],
  );
  const row = rows[0];
  if (!row) return null;
  const { seen_at: seenAt, updated, ...person } = row;
  return { ...person, updated: Number(updated), seenAt };
}

/**
 * Keeps what Slack says about people now, in one statement. Older data never replaces newer data:
 *
 * 1. We ask Slack about Ann, and Slack answers "member".
 * 2. Ann becomes a guest. Slack sends an event, which is stored at once.
 * 3. The answer of step 1 is stored late.
 *
 * Therefore a row is replaced only by data that is at least as new by Slack's own `updated`.
 */
export async function savePeople(db: Queryable, people: readonly Person[]): Promise<void> {
  // Two processes that write the same people in different orders would wait for each other.
  const byId = [...new Map(people.map((person) => [`${person.team}/${person.id}`, person])).entries()].sort();
  const columns = byId.map(([, person]) => person);
  await db.query(
    `insert into person (team, id, name, class, updated, title, zone)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[])
     on conflict (team, id) do update
     set name = excluded.name, class = excluded.class, updated = excluded.updated, title = excluded.title,
         zone = excluded.zone, seen_at = now()
     where person.updated <= excluded.updated`,
    [
      columns.map((person) => person.team),
      columns.map((person) => person.id),
      columns.map((person) => storableText(person.name)),
      columns.map((person) => person.class),
      columns.map((person) => person.updated),
      columns.map((person) => storableText(person.title ?? '')),
      columns.map((person) => storableText(person.zone ?? '')),
    ],
  );
}

/** The classes of people, as Slack last told them, by their ids. Who is not known is left out. */
export async function classesOf(
  db: Queryable,
  team: string,
  ids: readonly string[],
  since: Date = new Date(0),
): Promise<Map<string, AuthorClass>> {
  const { rows } = await db.query<{ id: string; class: AuthorClass }>(
    'select id, class from person where team = $1 and id = any($2) and seen_at >= $3',
    [team, ids, since],
  );
  return new Map(rows.map((row) => [row.id, row.class]));
}
