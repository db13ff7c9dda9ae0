import type { TurnInput } from '../contracts/activities.ts';
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

/** Notes that the workflow of this turn was open just now. That counts as a sign of life. */
export async function noteLook(db: Queryable, { session, turn }: TurnInput): Promise<void> {
  await db.query('update turn set looked_at = now() where session = $1 and number = $2', [session, turn]);
}
