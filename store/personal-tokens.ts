/** The newest tokens of what a person has granted by OAuth, and who renews them. Only the role of the proxy may read them. */
import type { PersonalWay } from '../access/personal-access.ts';
import type { Person } from '../contracts/scope.ts';
import type { Queryable } from './database.ts';

/** One connection of a person, as one version. */
export interface PersonalVersion extends Person {
  readonly connection: string;
  readonly version: number;
}

export interface StoredTokens {
  /** How often they were renewed. 0 are those that were granted. */
  readonly generation: number;
  /** Null in generation 0. */
  readonly renewed: Buffer | null;
  /** The service has refused to renew them. */
  readonly isRefused: boolean;
}

const FOUND = 'generation, renewed, refused_at is not null as "isRefused"';
/** Names one version of one person's connection, for the values of {@link whose}. */
export const WHOSE = 'team = $1 and person = $2 and connection = $3 and version = $4';

/**
 * The first four values of a statement with {@link WHOSE}.
 */
export function whose({ team, person, connection, version }: PersonalVersion): (string | number)[] {
  return [team, person, connection, version];
}

/** Null when it was removed or replaced. */
export async function personalTokens(db: Queryable, of: PersonalVersion): Promise<StoredTokens | null> {
  const { rows } = await db.query<StoredTokens>(
    `select ${FOUND} from personal_connection where ${WHOSE} and way = 'oauth'`,
    whose(of),
  );
  return rows[0] ?? null;
}

/** Takes them for `holdMs`, so that nobody else renews them. Null when somebody has them, or they are gone. */
export async function claimPersonalTokens(
  db: Queryable,
  of: PersonalVersion,
  holder: string,
  holdMs: number,
): Promise<StoredTokens | null> {
  const { rows } = await db.query<StoredTokens>(
    `update personal_connection set holder = $5, held_until = clock_timestamp() + $6 * interval '1 ms'
     where ${WHOSE} and way = 'oauth' and (held_until is null or held_until < clock_timestamp())
     returning ${FOUND}`,
    [...whose(of), holder, holdMs],
  );
  return rows[0] ?? null;
}

/**
 * Stores the next generation and releases the tokens. The generation is the fence: they are stored only if nobody has stored a
 * newer one meanwhile, whoever holds them now, and the person has not removed them.
 */
export async function replacePersonalTokens(
  db: Queryable,
  of: PersonalVersion,
  generation: number,
  renewed: Buffer,
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update personal_connection
     set generation = generation + 1, renewed = $6, holder = null, held_until = null, refused_at = null
     where ${WHOSE} and generation = $5`,
    [...whose(of), generation, renewed],
  );
  return rowCount === 1;
}

/** Releases the tokens, unless somebody else has them by now. */
export async function releasePersonalTokens(db: Queryable, of: PersonalVersion, holder: string): Promise<void> {
  await db.query(`update personal_connection set holder = null, held_until = null where ${WHOSE} and holder = $5`, [
    ...whose(of),
    holder,
  ]);
}

/** The service does not renew this generation. Its person is told once, by a gateway. */
export async function refusePersonalTokens(db: Queryable, of: PersonalVersion, generation: number): Promise<void> {
  await db.query(
    `update personal_connection set refused_at = now(), holder = null, held_until = null
     where ${WHOSE} and generation = $5 and refused_at is null`,
    [...whose(of), generation],
  );
  db.wake('bellhop_people');
}

/**
 * Notes what a service answers to a token that a person has pasted: that it refuses it, or takes it. The person is told of the first refusal of
 * a version, by a gateway. A service that takes one request and refuses the next has them told no more often.
 */
export async function noteTokenAnswer(db: Queryable, of: PersonalVersion, isRefused: boolean): Promise<void> {
  const { rowCount } = await db.query(
    `update personal_connection set refused_at = case when $5 then now() end
     where ${WHOSE} and way = 'token' and (refused_at is not null) <> $5`,
    [...whose(of), isRefused],
  );
  if (rowCount === 1 && isRefused) db.wake('bellhop_people');
}

/** Takes what people have to be told of: each once. */
export async function takeRefusals(tx: Queryable): Promise<(PersonalVersion & { readonly way: PersonalWay })[]> {
  const { rows } = await tx.query<PersonalVersion & { readonly way: PersonalWay }>(
    `update personal_connection set refusal_told = true
     where refused_at is not null and not refusal_told
     returning team, person, connection, version, way`,
  );
  return rows;
}
