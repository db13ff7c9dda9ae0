/** Attempts of people to grant a token by OAuth: begun by a gateway, exchanged by a proxy, confirmed by their person. */
import type { Person } from '../contracts/scope.ts';
import type { Queryable } from './database.ts';
import { putPersonalConnection } from './personal-connections.ts';
import { type PersonalVersion, WHOSE, whose } from './personal-tokens.ts';

export type GrantWay = 'browser' | 'device';

/** Where a person asked for it, if that was in a message. */
export interface GrantPlace {
  readonly channel: string | null;
  readonly threadTs: string | null;
}

export interface NewGrant extends PersonalVersion, GrantPlace {
  readonly way: GrantWay;
  /** The form that shows it. */
  readonly viewId: string | null;
  /** For a browser: the state's digest, the address that it is led back to, and the sealed verifier. */
  readonly browser: { readonly stateDigest: string; readonly redirectUri: string; readonly verifier: Buffer } | null;
}

/** Begins an attempt. The one before of this person and connection ends. Of two at once the second one fails. */
export async function beginGrant(tx: Queryable, grant: NewGrant): Promise<void> {
  const { team, person, connection, version, way, browser, channel, threadTs, viewId } = grant;
  await tx.query('delete from personal_grant where team = $1 and person = $2 and connection = $3', [
    team,
    person,
    connection,
  ]);
  await tx.query(
    `insert into personal_grant
       (team, person, connection, version, way, state_digest, redirect_uri, verifier, channel, thread_ts, view_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      ...[team, person, connection, version, way, browser?.stateDigest ?? null, browser?.redirectUri ?? null],
      ...[browser?.verifier ?? null, channel, threadTs, viewId],
    ],
  );
  if (way === 'device') tx.wake('bellhop_people');
}

/** An attempt that waits for its answer from the browser. */
export type WaitingGrant = PersonalVersion & { readonly redirectUri: string };

/** The attempt of a state. Null when there is none, it was used, or its ten minutes are over. */
export async function waitingGrant(db: Queryable, stateDigest: string): Promise<WaitingGrant | null> {
  const { rows } = await db.query<WaitingGrant>(
    `select team, person, connection, version, redirect_uri as "redirectUri" from personal_grant
     where state_digest = $1 and way = 'browser' and state = 'waiting' and ends_at > now()`,
    [stateDigest],
  );
  return rows[0] ?? null;
}

/** Stores the sealed answer, once: of two at a time the second one finds the state used. */
export async function keepAnswer(
  db: Queryable,
  of: PersonalVersion,
  { answer, proof }: { readonly answer: Buffer; readonly proof: string },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update personal_grant set state = 'returned', returned_at = now(), answer = $5, proof = $6
     where ${WHOSE} and way = 'browser' and state = 'waiting' and ends_at > now()`,
    [...whose(of), answer, proof],
  );
  if (rowCount === 1) db.wake('bellhop_people');
  return rowCount === 1;
}

/** What a proxy needs of an attempt. */
export interface TakenGrant extends PersonalVersion {
  readonly way: GrantWay;
  /** `exchanging`: the answer's code is to be exchanged. `waiting`: a device code is to be asked for. `polling`: it is to be tried. */
  readonly state: 'exchanging' | 'waiting' | 'polling';
  readonly redirectUri: string | null;
  readonly verifier: Buffer | null;
  readonly answer: Buffer | null;
  readonly pollSeconds: number | null;
}

/** A device code that could not be asked for is asked for again after this time; a poll is never overtaken by the next one. */
const DEVICE_HOLD_SECONDS = 30;

/**
 * The attempt that has waited longest, for this proxy alone. A code is taken once and never again: whoever took it and died
 * may have sent it. A device code may be tried by another proxy after its interval, since trying has no effect but an answer.
 */
export async function takeGrant(db: Queryable): Promise<TakenGrant | null> {
  const { rows } = await db.query<TakenGrant>(
    `update personal_grant set
       state = case state when 'returned' then 'exchanging' else state end,
       poll_at = case when way = 'device' then now() + greatest(coalesce(poll_seconds, 0), $1) * interval '1 s' end
     where (team, person, connection) = (
       select team, person, connection from personal_grant
       where (state in ('returned', 'polling') or (way = 'device' and state = 'waiting'))
         and coalesce(poll_at, asked_at) <= now() and ends_at > now()
       order by coalesce(poll_at, asked_at) limit 1 for update skip locked)
     returning team, person, connection, version, way, state, redirect_uri as "redirectUri", verifier, answer,
       poll_seconds as "pollSeconds"`,
    [DEVICE_HOLD_SECONDS],
  );
  return rows[0] ?? null;
}

/** A device code, and what the person enters where (RFC 8628 3.2). */
export interface DeviceCode {
  /** The service's answer with the code, sealed. */
  readonly answer: Buffer;
  readonly userCode: string;
  readonly verificationUri: string;
  readonly pollSeconds: number;
  readonly lifeSeconds: number;
}

/** Keeps the device code that a service has given for an attempt. From now on it is tried. */
export async function keepDeviceCode(db: Queryable, of: PersonalVersion, code: DeviceCode): Promise<void> {
  await db.query(
    `update personal_grant set state = 'polling', answer = $5, user_code = $6, verification_uri = $7, poll_seconds = $8::int,
       poll_at = now() + $8::int * interval '1 s', ends_at = least(ends_at, now() + $9::float * interval '1 s')
     where ${WHOSE} and way = 'device' and state = 'waiting'`,
    [...whose(of), code.answer, code.userCode, code.verificationUri, code.pollSeconds, code.lifeSeconds],
  );
  db.wake('bellhop_people');
}

/** Notes that the person has not decided yet. The code is tried again after so many seconds. */
export async function pollAgain(db: Queryable, of: PersonalVersion, seconds: number): Promise<void> {
  await db.query(
    `update personal_grant set poll_seconds = $5::int, poll_at = now() + $5::int * interval '1 s'
     where ${WHOSE} and state = 'polling'`,
    [...whose(of), seconds],
  );
}

/** Stores what was granted, sealed. False when the attempt is over, or another one has taken its place. */
export async function keepGranted(
  db: Queryable,
  of: PersonalVersion,
  { account, keyId, sealed }: { readonly account: string | null; readonly keyId: string; readonly sealed: Buffer },
): Promise<boolean> {
  const { rowCount } = await db.query(
    `update personal_grant set state = 'granted', account = $5, key_id = $6, sealed = $7, verifier = null, answer = null,
       user_code = null, verification_uri = null
     where ${WHOSE} and state in ('exchanging', 'polling')`,
    [...whose(of), account, keyId, sealed],
  );
  db.wake('bellhop_people');
  return rowCount === 1;
}

/** Nothing came of it. @param failure a code */
export async function failGrant(db: Queryable, of: PersonalVersion, failure: string): Promise<void> {
  await db.query(
    `update personal_grant set state = 'failed', failure = $5, verifier = null, answer = null, user_code = null,
       verification_uri = null
     where ${WHOSE} and state in ('waiting', 'returned', 'exchanging', 'polling')`,
    [...whose(of), failure],
  );
  db.wake('bellhop_people');
}

/** What the person of an attempt is to be told of. */
export interface GrantNews extends PersonalVersion, GrantPlace {
  readonly way: GrantWay;
  readonly state: 'granted' | 'failed' | 'polling';
  readonly account: string | null;
  readonly failure: string | null;
  readonly userCode: string | null;
  readonly verificationUri: string | null;
  readonly viewId: string | null;
}

/** An exchange takes 20 s at most. A proxy that has said nothing for so long has died with the code in hand. */
const LOST_AFTER_SECONDS = 90;

/** Takes what people are to be told of their attempts: each state once. */
export async function takeGrantNews(tx: Queryable): Promise<GrantNews[]> {
  const { rows } = await tx.query<GrantNews>(
    `with news as (
       select team, person, connection, state, user_code, verification_uri from personal_grant
       where not told and state in ('granted', 'failed', 'polling') and ends_at > now()
         and (state <> 'polling' or user_code is not null)
       for update skip locked)
     update personal_grant grant_ set told = grant_.state <> 'polling', user_code = null, verification_uri = null
     from news where (grant_.team, grant_.person, grant_.connection) = (news.team, news.person, news.connection)
     returning grant_.team, grant_.person, grant_.connection, version, way, grant_.state, account, failure,
       news.user_code as "userCode", news.verification_uri as "verificationUri", channel, thread_ts as "threadTs",
       view_id as "viewId"`,
  );
  return rows;
}

/** Ends attempts whose proxy has died with a code in hand, so that their person is told. */
export async function failLostGrants(db: Queryable): Promise<void> {
  await db.query(
    `update personal_grant set state = 'failed', failure = 'lost', verifier = null, answer = null
     where state in ('returned', 'exchanging') and returned_at < now() - $1 * interval '1 s'`,
    [LOST_AFTER_SECONDS],
  );
}

/** Removes attempts whose ten minutes are over. */
export async function removeEndedGrants(db: Queryable): Promise<void> {
  await db.query('delete from personal_grant where ends_at < now()');
}

/** An attempt, for an operator. */
export interface NamedGrant extends Person {
  readonly connection: string;
  readonly name: string | null;
}

/** All attempts that are under way. */
export async function listGrants(db: Queryable): Promise<NamedGrant[]> {
  const { rows } = await db.query<NamedGrant>(
    `select begun.team, begun.person, begun.connection, person.name
     from personal_grant begun left join person on person.team = begun.team and person.id = begun.person
     order by begun.team, begun.person, begun.connection`,
  );
  return rows;
}

/** What a person sees of their attempt when they are asked to confirm it. */
export interface OpenGrant extends PersonalVersion, GrantPlace {
  readonly way: GrantWay;
  readonly state: string;
  readonly account: string | null;
  readonly proof: string | null;
}

/** The attempt of this person that has come to its end. Null when there is none. */
export async function grantToConfirm(
  db: Queryable,
  { team, person, connection }: Pick<PersonalVersion, 'team' | 'person' | 'connection'>,
): Promise<OpenGrant | null> {
  const { rows } = await db.query<OpenGrant>(
    `select team, person, connection, version, way, state, account, proof, channel, thread_ts as "threadTs"
     from personal_grant
     where team = $1 and person = $2 and connection = $3 and state = 'granted' and ends_at > now()`,
    [team, person, connection],
  );
  return rows[0] ?? null;
}

/** A wrong number was entered. Returns how often by now. */
export async function countWrong(db: Queryable, of: PersonalVersion): Promise<number> {
  const { rows } = await db.query<{ wrong: number }>(
    `update personal_grant set wrong = wrong + 1 where ${WHOSE} returning wrong`,
    whose(of),
  );
  return rows[0]?.wrong ?? 0;
}

/** Removes an attempt, at whatever step it is. */
export async function endGrant(db: Queryable, of: PersonalVersion): Promise<void> {
  await db.query(`delete from personal_grant where ${WHOSE}`, whose(of));
}

/**
 * Makes the connection of what was granted, in place of the one before. The row of the attempt goes, so this happens once.
 * False when the attempt is over.
 */
export async function confirmGrant(tx: Queryable, of: PersonalVersion): Promise<boolean> {
  const { rows } = await tx.query<{ keyId: string; sealed: Buffer }>(
    `delete from personal_grant where ${WHOSE} and state = 'granted' and ends_at > now()
     returning key_id as "keyId", sealed`,
    whose(of),
  );
  if (!rows[0]) return false;
  await putPersonalConnection(tx, { ...of, ...rows[0], expiresAt: null, way: 'oauth' });
  return true;
}
