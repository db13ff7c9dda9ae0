import type { PersonalWay } from '../access/personal-access.ts';
import type { Person } from '../contracts/scope.ts';
import type { Queryable } from './database.ts';

/** Whose a personal connection is. */
export type Owner = Person;

/** A connection that a person has added, without its secret. */
export interface PersonalConnection extends Owner {
  /** The name of what the access file offers: `github`. */
  readonly connection: string;
  readonly version: number;
  readonly keyId: string;
  /** When the secret ends by itself. Null when its text does not say so. */
  readonly expiresAt: Date | null;
  readonly addedAt: Date;
  /** How it was added. */
  readonly way: PersonalWay;
  /** When the service refused to renew what was granted, or refused a pasted token (401) and has not taken it since. It has to be connected again. */
  readonly refusedAt: Date | null;
}

export interface SealedPersonalConnection extends Omit<PersonalConnection, 'addedAt' | 'way' | 'refusedAt'> {
  readonly sealed: Buffer;
  /** @default 'token' */
  readonly way?: PersonalWay;
}

const SHOWN = `team, person, connection, version, key_id as "keyId", expires_at as "expiresAt", added_at as "addedAt", way,
  refused_at as "refusedAt"`;

/** The number of the next sealed text. Sealing needs it before the text is stored. */
export async function nextPersonalVersion(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ version: number }>(`select nextval('personal_version')::int as version`);
  if (!rows[0]) throw new Error('the sequence personal_version gave no number');
  return rows[0].version;
}

/**
 * Stores a sealed connection in place of the one before. Of two at once the second one waits, and then fails: its person
 * tries again.
 */
export async function putPersonalConnection(tx: Queryable, added: SealedPersonalConnection): Promise<void> {
  const { team, person, connection, version, keyId, sealed, expiresAt, way = 'token' } = added;
  await removePersonalConnection(tx, added, connection);
  await tx.query(
    `insert into personal_connection (team, person, connection, version, key_id, sealed, expires_at, way)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [team, person, connection, version, keyId, sealed, expiresAt, way],
  );
}

/**
 * Also ends an attempt to grant it that is under way. That goes first: one that is confirmed meanwhile has made its connection
 * by then, or makes none. False when the person did not have it.
 */
export async function removePersonalConnection(
  db: Queryable,
  { team, person }: Owner,
  connection: string,
): Promise<boolean> {
  await db.query('delete from personal_grant where team = $1 and person = $2 and connection = $3', [
    team,
    person,
    connection,
  ]);
  const { rowCount } = await db.query(
    'delete from personal_connection where team = $1 and person = $2 and connection = $3',
    [team, person, connection],
  );
  if (rowCount) db.wake('bellhop_people');
  return (rowCount ?? 0) > 0;
}

/** Removes all that a person has connected. Returns how many that were. */
export async function removePersonalConnections(db: Queryable, { team, person }: Owner): Promise<number> {
  await db.query('delete from personal_grant where team = $1 and person = $2', [team, person]);
  const { rowCount } = await db.query('delete from personal_connection where team = $1 and person = $2', [
    team,
    person,
  ]);
  if (rowCount) db.wake('bellhop_people');
  return rowCount ?? 0;
}

/** Removes all that these people have connected. */
export async function removeConnectionsOfAll(db: Queryable, team: string, people: readonly string[]): Promise<void> {
  await db.query('delete from personal_grant where team = $1 and person = any($2)', [team, people]);
  const { rowCount } = await db.query('delete from personal_connection where team = $1 and person = any($2)', [
    team,
    people,
  ]);
  if (rowCount) db.wake('bellhop_people');
}

/** Whether anybody of a workspace has connected anything. */
export async function hasPersonalConnections(db: Queryable, team: string): Promise<boolean> {
  // By its order the planner takes the index, where it would else read the table until the first row.
  const { rowCount } = await db.query(
    'select 1 from personal_connection where team = $1 order by team, person limit 1',
    [team],
  );
  return rowCount === 1;
}

/** What a person has connected, by name. */
export async function personalConnectionsOf(db: Queryable, { team, person }: Owner): Promise<PersonalConnection[]> {
  const { rows } = await db.query<PersonalConnection>(
    `select ${SHOWN} from personal_connection where team = $1 and person = $2 order by connection`,
    [team, person],
  );
  return rows;
}

/** The same as {@link personalConnectionsOf}, with no more than a decision needs. */
export async function heldConnections(
  db: Queryable,
  { team, person }: Owner,
): Promise<Pick<PersonalConnection, 'connection' | 'version' | 'way'>[]> {
  const { rows } = await db.query<Pick<PersonalConnection, 'connection' | 'version' | 'way'>>(
    'select connection, version, way from personal_connection where team = $1 and person = $2 order by connection',
    [team, person],
  );
  return rows;
}

/** The sealed text of one version. Null when it was removed or replaced. Only the role of the proxy may read it. */
export async function sealedPersonalConnection(
  db: Queryable,
  { team, person }: Owner,
  connection: string,
  version: number,
): Promise<Buffer | null> {
  const { rows } = await db.query<{ sealed: Buffer }>(
    `select sealed from personal_connection
     where team = $1 and person = $2 and connection = $3 and version = $4`,
    [team, person, connection, version],
  );
  return rows[0]?.sealed ?? null;
}

/** A personal connection with the name of its owner, as Slack last said it. */
export interface NamedPersonalConnection extends PersonalConnection {
  /** Null when nothing is known of them any more. */
  readonly name: string | null;
}

/** What all people have connected. */
export async function listPersonalConnections(db: Queryable): Promise<NamedPersonalConnection[]> {
  const { rows } = await db.query<NamedPersonalConnection>(
    `select personal.team, personal.person, personal.connection, personal.version, personal.key_id as "keyId",
       personal.expires_at as "expiresAt", personal.added_at as "addedAt", personal.way, personal.refused_at as "refusedAt",
       person.name
     from personal_connection personal left join person on person.team = personal.team and person.id = personal.person
     order by person.name, personal.person, personal.connection`,
  );
  return rows;
}
