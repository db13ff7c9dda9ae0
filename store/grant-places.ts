/** Rounds that give free places to the turns that come next. places.ts says what a place is, and the order of locks. */
import { createHash, randomUUID } from 'node:crypto';
import type { SessionId } from '../contracts/ids.ts';
import { type ChangeLog, noteChange } from '../contracts/state-changes.ts';
import { ADVISORY_LOCKS } from './advisory-locks.ts';
import { chooseGrants, type Grant, type Waiting, type WaitingChannel } from './choose-grants.ts';
import { type Database, inTransaction, type Queryable } from './database.ts';
import { isReady, type LiveRunner, liveRunners } from './runners.ts';

/** A process that freezes while it grants loses its transaction after this, and with it the lock. */
const FROZEN_AFTER = '3s';
/** How often a round chooses again without those that came next and are locked by somebody. */
const CHOICES = 3;
/** Places granted in one round, so that its statements stay short. The next round follows at once. */
const AT_ONCE = 50;

export interface GrantOptions {
  /** Sessions whose activity asks again right after this round, so they need no signal. */
  readonly collecting?: readonly SessionId[];
  /** Gets a line for each place that is granted, after the commit. */
  readonly log?: ChangeLog | undefined;
  /** Called for each session that came next but whose row another transaction had locked. */
  readonly onHeld?: (session: SessionId) => void;
}

/** A place that was granted and stored. */
type Given = Pick<Grant, 'session' | 'runner'> & { readonly sandbox: string };

/**
 * Runs one round: gives free places to the requests that come next, and returns how many. Only one process runs a round
 * at a time. A round reads a few index entries for each taken place and each waiting channel. Its cost does not grow
 * with the number of sessions.
 */
export async function grantPlaces(
  database: Database,
  { collecting = [], log, onHeld }: GrantOptions = {},
): Promise<number> {
  const waits = await database.query('select 1 from place_request where granted_at is null limit 1');
  if (waits.rowCount === 0) return 0;
  const given = await grantRound(database, collecting, onHeld);
  for (const { session, runner, sandbox } of given) {
    noteChange(log, { of: 'sandbox', to: 'placed', sandbox, runner, session });
  }
  return given.length;
}

function grantRound(
  database: Database,
  collecting: readonly SessionId[],
  onHeld: GrantOptions['onHeld'],
): Promise<readonly Given[]> {
  return inTransaction(database, async (db) => {
    await db.query(
      `set local lock_timeout = '5s'; set local idle_in_transaction_session_timeout = '${FROZEN_AFTER}';
       select pg_advisory_xact_lock(${ADVISORY_LOCKS.places})`,
    );
    const runners = await liveRunners(db);
    const rooms = runners
      .filter((runner) => isReady(runner) && runner.working < runner.capacity)
      .map(({ id, capacity, working, draining }) => ({ runner: id, capacity, working, open: !draining }));
    if (rooms.length === 0) return [];
    const free = rooms.reduce((sum, { capacity, working }) => sum + capacity - working, 0);
    // A few more than there are places, for those that are passed over.
    const limit = Math.min(free, AT_ONCE) + CHOICES - 1;
    const waiting = await firstOfEachChannel(db, { runners, rooms, limit });
    const held = await heldByChannel(db);
    const share = fairShare(runners, new Set([...held.keys(), ...waiting.map(({ channel }) => channel)]).size);
    const passedOver = new Set<SessionId>();
    let running: readonly Grant[] = [];
    for (let attempt = 0; attempt < CHOICES; attempt += 1) {
      const asking = waiting.filter(({ session }) => !passedOver.has(session));
      const grants = chooseGrants({ rooms, channels: standings(asking, held), waiting: asking, share }).slice(
        0,
        AT_ONCE,
      );
      running = await stillRunning(db, grants);
      const missed = grants.filter((grant) => !running.includes(grant));
      for (const { session } of missed) {
        passedOver.add(session);
        onHeld?.(session);
      }
      if (missed.length === 0) break;
    }
    const given = await write(db, running, collecting);
    const others = given.some(({ session }) => !collecting.includes(session));
    if (others || given.length === AT_ONCE) db.wake('bellhop_places');
    return given;
  });
}

type Row = Waiting & { readonly servedAt: number };

/**
 * The first requests of each waiting channel whose runner has room. A request is not bound to a dead home runner. While
 * only draining runners have room, requests without a home are left out. Otherwise they would fill the list, and a session
 * whose files are on the draining runner would not be seen behind them.
 */
async function firstOfEachChannel(
  db: Queryable,
  at: { runners: readonly LiveRunner[]; rooms: readonly { runner: string; open: boolean }[]; limit: number },
): Promise<Row[]> {
  const { rows } = await db.query<Row>(
    `with recursive waiting (channel) as (
       (select channel from place_request where granted_at is null order by channel limit 1)
       union all
       select (select q.channel from place_request q where q.granted_at is null and q.channel > w.channel
               order by q.channel limit 1)
       from waiting w where w.channel is not null)
     select q.session, q.turn, q.channel, q.needed_at is not null as needed,
            case when q.home = any($1::text[]) then q.home end as home,
            coalesce(extract(epoch from served_at) * 1000, 0)::float8 as "servedAt"
     from waiting
     left join place_channel using (channel),
     lateral (select * from place_request q
              where q.channel = waiting.channel and q.granted_at is null
                and (q.home = any($2::text[]) or ($4 and (q.home is null or q.home <> all($1::text[]))))
              order by q.needed_at is null, q.asked_at limit $3) q`,
    [at.runners.map(({ id }) => id), at.rooms.map(({ runner }) => runner), at.limit, at.rooms.some(({ open }) => open)],
  );
  return rows;
}

async function heldByChannel(db: Queryable): Promise<Map<string, number>> {
  const { rows } = await db.query<{ channel: string; held: number }>(
    'select channel, count(*)::int as held from sandbox where working_turn is not null group by channel',
  );
  return new Map(rows.map(({ channel, held }) => [channel, held]));
}

function standings(waiting: readonly Row[], held: ReadonlyMap<string, number>): WaitingChannel[] {
  const channels = new Map(waiting.map((each) => [each.channel, each]));
  return [...channels.values()].map(({ channel, servedAt }) => ({ channel, servedAt, holds: held.get(channel) ?? 0 }));
}

/** All places of ready runners, divided by the number of channels that hold or want one. */
function fairShare(runners: readonly LiveRunner[], channels: number): number {
  const places = runners.filter(isReady).reduce((sum, { capacity }) => sum + capacity, 0);
  return Math.max(1, Math.ceil(places / Math.max(1, channels)));
}

/**
 * A turn that a restart or `forget` has left out of the context is being stopped, and needs no place any more. One that was given a place after
 * its thread was forgotten would leave files that the next turn finds.
 */
const LEFT_OUT = 'turn.number <= (select forgotten_turn from session where session.id = turn.session)';

/**
 * The grants whose turn still runs. Session and request stay locked until the transaction ends. A row that another
 * process has locked is passed over: the next in line gets the place, so that a frozen process does not hold up all others.
 */
async function stillRunning(db: Queryable, grants: readonly Grant[]): Promise<readonly Grant[]> {
  if (grants.length === 0) return grants;
  const held = await db.query<{ id: SessionId }>(
    'select id from session where id = any($1::text[]) order by id for share skip locked',
    [grants.map(({ session }) => session)],
  );
  const sessions = held.rows.map(({ id }) => id);
  // A second statement, because the first one's view of the turns may be older than its locks.
  const { rows } = await db.query<{ session: SessionId }>(
    `select q.session from place_request q join turn on turn.session = q.session and turn.number = q.turn
     where q.session = any($1::text[]) and q.granted_at is null and turn.state = 'running'
       and not ${LEFT_OUT} for update of q skip locked`,
    [sessions],
  );
  await db.query(
    `delete from place_request q using turn where q.session = any($1::text[])
       and turn.session = q.session and turn.number = q.turn and (turn.state <> 'running' or ${LEFT_OUT})`,
    [sessions],
  );
  const running = new Set(rows.map(({ session }) => session));
  return grants.filter(({ session }) => running.has(session));
}

/**
 * Stores the grants. A session that stays on its runner keeps its sandbox and files. On another runner it gets a new
 * sandbox with a new id, so that it is never mistaken for the sandbox on the old runner.
 */
async function write(
  db: Queryable,
  grants: readonly Grant[],
  collecting: readonly SessionId[],
): Promise<readonly Given[]> {
  if (grants.length === 0) return [];
  const { rows } = await db.query<Given>(
    `with place as (
       select * from unnest($1::text[], $2::int[], $3::text[], $4::text[]) as p (session, turn, runner, id)),
     lost as (
       select sandbox.session, sandbox.runner from sandbox join place on place.session = sandbox.session
       where sandbox.has_workspace and sandbox.runner <> place.runner),
     placed as (
       insert into sandbox (id, session, runner, working_turn)
       select id, session, runner, turn from place order by session
       on conflict (session) do update set
         id = case when sandbox.runner = excluded.runner then sandbox.id else excluded.id end,
         runner = excluded.runner,
         has_workspace = sandbox.has_workspace and sandbox.runner = excluded.runner,
         forget_turn = case when sandbox.runner = excluded.runner then sandbox.forget_turn end,
         state = case when sandbox.state = 'removed' or sandbox.runner <> excluded.runner then 'placed'
                      else sandbox.state end,
         working_turn = excluded.working_turn, reaper_claim = null, changed_at = now()
       where sandbox.settled_turn < excluded.working_turn
       returning session, runner, id as sandbox),
     served as (
       insert into place_channel (channel, served_at)
       select channel, clock_timestamp() + max(nth) * interval '1 millisecond'
       from unnest($1::text[]) with ordinality as p (session, nth), channel_of(session) as channel group by channel
       on conflict (channel) do update set served_at = excluded.served_at)
     update place_request q set granted_at = clock_timestamp(), lost_from = lost.runner,
       told_at = case when q.session = any($5::text[]) then now() end
     from placed left join lost on lost.session = placed.session
     where q.session = placed.session returning placed.session, placed.runner, placed.sandbox`,
    [
      grants.map(({ session }) => session),
      grants.map(({ turn }) => turn),
      grants.map(({ runner }) => runner),
      grants.map(({ session }) => newSandboxId(session)),
      collecting,
    ],
  );
  return rows;
}

/** Short, for container names and socket paths; never the same for two placements of one session. */
function newSandboxId(session: SessionId): string {
  return createHash('sha256').update(session).update(randomUUID()).digest('hex').slice(0, 16);
}

/** A signal that had no effect is repeated after this. */
const TELL_AGAIN_SECONDS = 15;

/** Sessions that were granted a place and have not collected it. They are not returned again for a while. */
export async function takeUntold(db: Queryable, limit: number): Promise<SessionId[]> {
  const { rows } = await db.query<{ session: SessionId }>(
    `update place_request set told_at = now() where session in (
       select session from place_request
       where granted_at is not null and (told_at is null or told_at < now() - make_interval(secs => $2))
       order by granted_at limit $1 for update skip locked)
     returning session`,
    [limit, TELL_AGAIN_SECONDS],
  );
  return rows.map(({ session }) => session);
}
