import type { Queryable } from './database.ts';

export interface Runner {
  readonly id: string;
  /** How many sandboxes it runs at once. */
  readonly capacity: number;
  readonly runtime: string;
  readonly imageReady: boolean;
  readonly draining: boolean;
}

/** A runner is dead when it has not beaten for this long. */
export const RUNNER_DEAD_AFTER_SECONDS = 60;

/** Says that a runner lives and what it can do; every few seconds. */
export async function beat(db: Queryable, runner: Omit<Runner, 'draining'>): Promise<void> {
  await db.query(
    `insert into runner (id, capacity, runtime, image_ready) values ($1, $2, $3, $4)
     on conflict (id) do update set capacity = $2, runtime = $3, image_ready = $4, beat_at = now()`,
    [runner.id, runner.capacity, runner.runtime, runner.imageReady],
  );
}

export interface LiveRunner extends Runner {
  /** Sandboxes running or paused there. */
  readonly sandboxes: number;
  /** Seconds since it last beat; a healthy one beats every five. */
  readonly silentFor: number;
}

/** Runners that have beaten lately, the emptiest first. */
export async function liveRunners(db: Queryable): Promise<LiveRunner[]> {
  const { rows } = await db.query<LiveRunner>(
    `select r.id, r.capacity, r.runtime, r.image_ready as "imageReady", r.draining,
            count(s.id) filter (where s.state in ('placed', 'running', 'paused'))::int as sandboxes,
            extract(epoch from now() - r.beat_at)::int as "silentFor"
     from runner r left join sandbox s on s.runner = r.id
     where r.beat_at > now() - make_interval(secs => $1)
     group by r.id order by sandboxes, r.id`,
    [RUNNER_DEAD_AFTER_SECONDS],
  );
  return rows;
}

/** A draining runner gets no new sessions. False when there is no such runner. */
export async function setDraining(db: Queryable, runner: string, draining: boolean): Promise<boolean> {
  const { rowCount } = await db.query('update runner set draining = $2 where id = $1', [runner, draining]);
  return rowCount === 1;
}
