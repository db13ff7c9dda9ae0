/** What people have allowed the agent of a channel to use of their own connections. */

import { type SessionId, threadOf } from '../contracts/ids.ts';
import { actingPerson, type ScopeKey } from '../contracts/scope.ts';
import type { Queryable } from './database.ts';
import type { PersonalConnection } from './personal-connections.ts';
import type { TurnRef } from './turn-fence.ts';

export type OwnUseDecision = 'once' | 'thread' | 'never';

export interface OwnUse extends TurnRef {
  readonly person: string;
  /** The name of the offer: `github`. */
  readonly connection: string;
  readonly decision: OwnUseDecision;
}

/** Keeps what a person has decided in a thread. Call it with the turn held. */
export async function decideOwnUse(
  db: Queryable,
  { session, turn, person, connection, decision }: OwnUse,
): Promise<void> {
  const { team } = threadOf(session);
  await db.query(
    `insert into own_use (session, team, person, connection, decision, turn) values ($1, $2, $3, $4, $5, $6)
     on conflict (session, person, connection) do update set decision = $5, turn = $6, decided_at = now()`,
    [session, team, person, connection, decision, turn],
  );
}

/** What holds for a turn of this person: a `once` of an earlier turn is over. Null when they were not asked. */
export async function ownUseOf(
  db: Queryable,
  { session, turn, person, connection }: Omit<OwnUse, 'decision'>,
): Promise<OwnUseDecision | null> {
  const { rows } = await db.query<{ decision: OwnUseDecision }>(
    `select decision from own_use where session = $1 and person = $2 and connection = $3 and (decision <> 'once' or turn = $4)`,
    [session, person, connection, turn],
  );
  return rows[0]?.decision ?? null;
}

/** A connection that a person has, and has allowed the agent of a channel to use. */
export interface AllowedUse extends Pick<PersonalConnection, 'connection' | 'version' | 'way'> {
  readonly owner: ScopeKey;
}

/** What the requester of a turn has allowed, as far as they still have it, each with whose it is. */
export async function allowedUses(
  db: Queryable,
  { session, turn, requester }: TurnRef & { readonly requester: string },
): Promise<AllowedUse[]> {
  const { rows } = await db.query<AllowedUse>(
    `select held.connection, held.version, held.way, 'person:' || held.team || ':' || held.person as owner
     from own_use use join personal_connection held using (team, person, connection)
     where use.session = $1 and use.person = $3 and (use.decision = 'thread' or (use.decision = 'once' and use.turn = $2))
     order by held.connection`,
    [session, turn, requester],
  );
  return rows.filter(({ owner }) => actingPerson(owner) !== null);
}

/** The names of what a turn's requester has allowed in it, also when it was removed since. */
export async function usedInTurn(
  db: Queryable,
  { session, turn, requester }: TurnRef & { readonly requester: string },
): Promise<string[]> {
  const { rows } = await db.query<{ connection: string }>(
    `select connection from own_use
     where session = $1 and person = $3 and (decision = 'thread' or (decision = 'once' and turn = $2)) order by connection`,
    [session, turn, requester],
  );
  return rows.map(({ connection }) => connection);
}

/**
 * Whether the sandbox of a session has worked for anybody else than this person. What others left there must not meet a credential of
 * this person.
 */
export async function othersWorkedHere(db: Queryable, session: SessionId, person: string): Promise<boolean> {
  const { rowCount } = await db.query('select 1 from turn where session = $1 and requester <> $2 limit 1', [
    session,
    person,
  ]);
  return rowCount === 1;
}
