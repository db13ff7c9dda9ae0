import type { SessionId } from '../contracts/ids.ts';
import type { Person } from '../contracts/scope.ts';
import type { Queryable } from './database.ts';

/** Limits of one turn that a person may lower for themselves. */
export type OwnLimit = 'steps' | 'minutes' | 'tokens';

/** What a person has set for their own direct messages. */
export interface PersonalSettings {
  /** Empty: none. */
  readonly instructions: string;
  /** The name of a model of the access file. Null: the usual one. */
  readonly model: string | null;
  /** Null: the installation's. */
  readonly steps: number | null;
  readonly minutes: number | null;
  readonly tokens: number | null;
}

const NO_SETTINGS: PersonalSettings = {
  instructions: '',
  model: null,
  steps: null,
  minutes: null,
  tokens: null,
};

/** `NO_SETTINGS` for a person who has set nothing. */
export async function personalSettingsOf(db: Queryable, { team, person }: Person): Promise<PersonalSettings> {
  const { rows } = await db.query<PersonalSettings>(
    'select instructions, model, steps, minutes, tokens from personal_settings where team = $1 and person = $2',
    [team, person],
  );
  return rows[0] ?? NO_SETTINGS;
}

/** The limits of the person whose direct message a session is. Null in every other place, and where nothing is set. */
export async function ownLimitsOf(db: Queryable, session: SessionId): Promise<Pick<PersonalSettings, OwnLimit> | null> {
  const { rows } = await db.query<Pick<PersonalSettings, OwnLimit>>(
    `select own.steps, own.minutes, own.tokens from session
     join personal_settings own on own.team = split_part(session.scope, ':', 2) and own.person = split_part(session.scope, ':', 3)
     where session.id = $1 and session.scope like 'person:%'`,
    [session],
  );
  return rows[0] ?? null;
}

/** The statement that sets one setting and leaves the others as they are. Of two at once, the last one counts. */
function setting(column: 'instructions' | 'model' | OwnLimit): string {
  return `insert into personal_settings (team, person, ${column}) values ($1, $2, $3)
    on conflict (team, person) do update set ${column} = excluded.${column}, changed_at = now()`;
}

/** @param instructions empty for none */
export async function setOwnInstructions(db: Queryable, { team, person }: Person, instructions: string): Promise<void> {
  if (instructions === '') return giveBack(db, { team, person }, "instructions = ''");
  await db.query(setting('instructions'), [team, person, instructions]);
}

/** @param model null for the usual one */
export async function setOwnModel(db: Queryable, { team, person }: Person, model: string | null): Promise<void> {
  if (model === null) return giveBack(db, { team, person }, 'model = null');
  await db.query(setting('model'), [team, person, model]);
}

/** @param value null for the installation's */
export async function setOwnLimit(
  db: Queryable,
  { team, person }: Person,
  limit: OwnLimit,
  value: number | null,
): Promise<void> {
  if (value === null) return giveBack(db, { team, person }, `${limit} = null`);
  await db.query(setting(limit), [team, person, value]);
}

/** Takes settings back. Somebody who has set nothing has no row, and gets none; a row in which nothing is left goes. */
async function giveBack(db: Queryable, { team, person }: Person, change: string): Promise<void> {
  await db.query(`update personal_settings set ${change}, changed_at = now() where team = $1 and person = $2`, [
    team,
    person,
  ]);
  await db.query(
    `delete from personal_settings
     where team = $1 and person = $2 and instructions = '' and num_nonnulls(model, steps, minutes, tokens) = 0`,
    [team, person],
  );
}

/** Returns whether there were any. */
export async function removePersonalSettings(db: Queryable, { team, person }: Person): Promise<boolean> {
  const { rowCount } = await db.query('delete from personal_settings where team = $1 and person = $2', [team, person]);
  return rowCount === 1;
}

/** Removes what these people have set. */
export async function removeSettingsOfAll(db: Queryable, team: string, people: readonly string[]): Promise<void> {
  await db.query('delete from personal_settings where team = $1 and person = any($2)', [team, people]);
}

/** Whether anybody of a workspace has set anything. */
export async function hasPersonalSettings(db: Queryable, team: string): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from personal_settings where team = $1 order by team, person limit 1', [
    team,
  ]);
  return rowCount === 1;
}

/** A person's settings for operators, who do not read the instructions. */
export interface NamedPersonalSettings extends Person, Omit<PersonalSettings, 'instructions'> {
  /** Null when nothing is known of them any more. */
  readonly name: string | null;
  readonly hasInstructions: boolean;
  readonly changedAt: Date;
}

/** What all people have set. */
export async function listPersonalSettings(db: Queryable): Promise<NamedPersonalSettings[]> {
  const { rows } = await db.query<NamedPersonalSettings>(
    `select own.team, own.person, own.model, own.steps, own.minutes, own.tokens, own.has_instructions as "hasInstructions",
       own.changed_at as "changedAt", person.name
     from personal_settings own left join person on person.team = own.team and person.id = own.person
     order by person.name, own.person`,
  );
  return rows;
}
