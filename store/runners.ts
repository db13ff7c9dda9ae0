import type { Queryable } from './database.ts';

/** A part without which a runner cannot run a sandbox. */
export type RunnerPart = 'engine' | 'image' | 'proxy';

/** How much the sandboxes have that a runner makes now; see docker/sandbox-image.ts. */
export type RunnerTools = 'base' | 'full';

export interface Runner {
  readonly id: string;
  /** How many turns may be at work on it at once. */
  readonly capacity: number;
  readonly runtime: string;
  /** The parts it lacks to run a sandbox. A runner gets work only when it lacks nothing. */
  readonly lacks: readonly RunnerPart[];
  readonly draining: boolean;
  /** @default 'base' */
  readonly tools?: RunnerTools;
}

/** A runner is dead when it has not beaten for this long: its sessions are placed elsewhere, without their files. */
export const RUNNER_DEAD_AFTER_SECONDS = 60;

/** A runner that has not beaten for this long is probably restarting: its sessions wait for it, and it gets no work. */
export const RUNNER_SILENT_AFTER_SECONDS = 15;

/** Stores that a runner is alive and what it can do. Called every few seconds. */
export async function beat(db: Queryable, runner: Omit<Runner, 'draining'>): Promise<void> {
  await db.query(
    `insert into runner (id, capacity, runtime, lacks, tools) values ($1, $2, $3, $4, $5)
     on conflict (id) do update set capacity = $2, runtime = $3, lacks = $4, tools = $5, beat_at = now()`,
    [runner.id, runner.capacity, runner.runtime, runner.lacks, runner.tools ?? 'base'],
  );
}

export interface LiveRunner extends Runner {
  /** Turns that hold a place there. */
  readonly working: number;
  /** Seconds since its last beat. A healthy runner beats every five seconds. */
  readonly silentFor: number;
}

/** Runners that have beaten within a minute. Costs a few index entries for each place that is taken. */
export async function liveRunners(db: Queryable): Promise<LiveRunner[]> {
  const { rows } = await db.query<LiveRunner>(
    `select id, capacity, runtime, lacks, draining,
            (select count(*)::int from sandbox where sandbox.runner = runner.id and working_turn is not null) as working,
            extract(epoch from now() - beat_at)::float8 as "silentFor"
     from runner where beat_at > now() - make_interval(secs => $1) order by id`,
    [RUNNER_DEAD_AFTER_SECONDS],
  );
  return rows;
}

/** Whether a runner may get work, also for a session whose files it holds. */
export function isReady({ silentFor, lacks }: LiveRunner): boolean {
  return silentFor <= RUNNER_SILENT_AFTER_SECONDS && lacks.length === 0;
}

/** A draining runner gets no new sessions. False when there is no such runner. */
export async function setDraining(db: Queryable, runner: string, draining: boolean): Promise<boolean> {
  const { rowCount } = await db.query('update runner set draining = $2 where id = $1', [runner, draining]);
  return rowCount === 1;
}
