import type { TurnInput } from '../contracts/activities.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/**
 * Running turns without a sign of life for `silentMs`: no step began or ended, and no check found their workflow open.
 * The turn that was checked longest ago comes first.
 */
export async function silentTurns(db: Queryable, silentMs: number, limit: number): Promise<TurnInput[]> {
  const { rows } = await db.query<TurnInput>(
    `select turn.session, turn.number as turn
     from turn left join lateral (
       select started_at, ended_at from step where step.session = turn.session and step.turn = turn.number
       order by step.number desc limit 1) last_step on true
     where turn.state = 'running'
       and greatest(turn.started_at, turn.looked_at, last_step.started_at, last_step.ended_at)
         < now() - $1 * interval '1 millisecond'
     order by coalesce(turn.looked_at, turn.started_at) limit $2`,
    [silentMs, limit],
  );
  return rows;
}

/** Messages for the agent that Temporal has taken and no turn has read. */
const LEFT = "turn is null and state = 'delivered' and kind in ('message', 'schedule')";
/** Older ones belong to threads that nobody looks at any more. */
const LEFT_AT_MOST = "interval '1 day'";

/**
 * Sessions in which a message waits that was signalled more than `silentMs` ago, and no turn runs. Their workflow may have been
 * lost between the signal and the beginning of a turn. The session that has waited longest comes first.
 */
export async function leftSessions(db: Queryable, silentMs: number, limit: number): Promise<SessionId[]> {
  const { rows } = await db.query<{ session: SessionId }>(
    `select session from inbox
     where ${LEFT} and delivered_at between now() - ${LEFT_AT_MOST} and now() - $1 * interval '1 millisecond'
       and not exists (select 1 from turn where turn.session = inbox.session and turn.state = 'running' offset 0)
     group by session order by min(delivered_at) limit $2`,
    [silentMs, limit],
  );
  return rows.map(({ session }) => session);
}

/**
 * Has the messages that were left in a session signalled again, which starts its workflow. A message whose signal was given
 * `most` times becomes context and starts nothing more: a workflow that cannot begin a turn would be started for ever.
 *
 * @returns how many are signalled again, and how many are given up
 */
export async function signalAgain(
  db: Queryable,
  session: SessionId,
  silentMs: number,
  most: number,
): Promise<{ readonly again: number; readonly givenUp: number }> {
  const { rows } = await db.query<{ state: string }>(
    `update inbox set state = case when attempts < $3 then state else 'context' end,
       delivered_at = case when attempts < $3 then null else delivered_at end, claimed_until = null, not_before = now()
     where session = $1 and ${LEFT} and delivered_at < now() - $2 * interval '1 millisecond'
     returning state`,
    [session, silentMs, most],
  );
  const givenUp = rows.filter(({ state }) => state === 'context').length;
  if (rows.length > givenUp) db.wake('bellhop_inbox');
  return { again: rows.length - givenUp, givenUp };
}

/** Notes that the workflow of this turn was open just now. That counts as a sign of life. */
export async function noteLook(db: Queryable, { session, turn }: TurnInput): Promise<void> {
  await db.query('update turn set looked_at = now() where session = $1 and number = $2', [session, turn]);
}
