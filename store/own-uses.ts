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

/**
 * Keeps what a person has decided in a thread, for the connection as it is now. Call it with the turn held.
 *
 * @returns false when they allow what they do not have any more; nothing is kept then
 */
export async function decideOwnUse(
  db: Queryable,
  { session, turn, person, connection, decision }: OwnUse,
): Promise<boolean> {
  const { team } = threadOf(session);
  const { rowCount } = await db.query(
    `insert into own_use (session, team, person, connection, decision, version, turn)
     select $1, $2, $3, $4, $5, held.version, $6::int
     from (select 1) one left join personal_connection held on $5 <> 'never' and team = $2 and person = $3 and connection = $4
     where $5 = 'never' or held.version is not null
     on conflict (session, person, connection) do update
     set decision = excluded.decision, version = excluded.version, turn = excluded.turn, decided_at = now()`,
    [session, team, person, connection, decision, turn],
  );
  return rowCount === 1;
}

/**
 * What holds for a turn of this person. Null when they were not asked, a `once` of an earlier turn is over, or what they have allowed was
 * removed or replaced since. A `never` holds for every connection of that name.
 */
export async function ownUseOf(
  db: Queryable,
  { session, turn, person, connection }: Omit<OwnUse, 'decision'>,
): Promise<OwnUseDecision | null> {
  const { rows } = await db.query<{ decision: OwnUseDecision }>(
    `select use.decision from own_use use left join personal_connection held using (team, person, connection, version)
     where use.session = $1 and use.person = $2 and use.connection = $3
       and (use.decision = 'never' or (held.version is not null and (use.decision = 'thread' or use.turn = $4)))`,
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
    `select connection, version, held.way, 'person:' || team || ':' || person as owner
     from own_use use join personal_connection held using (team, person, connection, version)
     where use.session = $1 and use.person = $3 and (use.decision = 'thread' or (use.decision = 'once' and use.turn = $2))
     order by connection`,
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
 * Whether anybody else than this person has had a word in a session: began a turn, was read by one, or waits to be read. What they said or
 * left in the sandbox must not meet a credential of this person. An app that posts as the person is somebody else.
 *
 * Those who wait count for this reason:
 * 1. The agent reads the thread, and asks the person at the same time. No turn has read yet what somebody else wrote meanwhile.
 * 2. The person allows it, and the session becomes theirs.
 * 3. What somebody else wrote would be in the context by the thread that was read, and its author would never get an answer.
 * Therefore it is asked once more under the session's lock, before the session is given to the person.
 */
export async function othersWorkedHere(db: Queryable, session: SessionId, person: string): Promise<boolean> {
  const { rowCount } = await db.query(
    `select 1 from session
     where id = $1 and (owner <> $2 or heard <> $2
       or exists (select 1 from turn where turn.session = $1 and requester <> $2)
       or exists (select 1 from inbox
                  where inbox.session = $1 and turn is null and state in ('delivered', 'context') and kind in ('message', 'schedule')
                    and (author <> $2 or author_class = 'bot') and confirmed_by is distinct from $2))`,
    [session, person],
  );
  return rowCount === 1;
}
