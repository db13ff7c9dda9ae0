import type { Queryable } from './database.ts';
import type { AuthorClass } from './inbox.ts';
import { storableText } from './storable.ts';

/** A person or app of the workspace, as Slack's directory described them when last asked. */
export interface Person {
  readonly team: string;
  readonly id: string;
  readonly name: string;
  readonly class: AuthorClass;
  readonly seenAt: Date;
}

interface Row {
  team: string;
  id: string;
  name: string;
  class: AuthorClass;
  seen_at: Date;
}

/** Null when Slack was never asked about them. */
export async function findPerson(db: Queryable, team: string, id: string): Promise<Person | null> {
  const { rows } = await db.query<Row>(
    'select team, id, name, class, seen_at from person where team = $1 and id = $2',
    [team, id],
  );
  const row = rows[0];
  return row ? { team: row.team, id: row.id, name: row.name, class: row.class, seenAt: row.seen_at } : null;
}

/** Writes what Slack says now; `seenAt` becomes this moment. */
export async function savePerson(db: Queryable, person: Omit<Person, 'seenAt'>): Promise<void> {
  await db.query(
    `insert into person (team, id, name, class) values ($1, $2, $3, $4)
     on conflict (team, id) do update set name = excluded.name, class = excluded.class, seen_at = now()`,
    [person.team, person.id, storableText(person.name), person.class],
  );
}

/** The next message of this person asks Slack again. */
export async function forgetPerson(db: Queryable, team: string, id: string): Promise<void> {
  await db.query("update person set seen_at = 'epoch' where team = $1 and id = $2", [team, id]);
}
