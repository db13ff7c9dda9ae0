import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/** A task that starts by the clock, as the access file says it. Temporal's Schedules are made to agree with these. */
export interface ScheduleRow {
  readonly name: string;
  readonly team: string;
  readonly channel: string;
  readonly cron: string;
  /** IANA name, such as `Europe/Berlin`. */
  readonly timezone: string;
  readonly prompt: string;
  readonly paused: boolean;
}

const COLUMNS = 'name, team, channel, cron, timezone, prompt, paused';

export async function listSchedules(db: Queryable): Promise<ScheduleRow[]> {
  const { rows } = await db.query<ScheduleRow>(`select ${COLUMNS} from schedule order by name`);
  return rows;
}

export async function findSchedule(db: Queryable, name: string): Promise<ScheduleRow | null> {
  const { rows } = await db.query<ScheduleRow>(`select ${COLUMNS} from schedule where name = $1`, [name]);
  return rows[0] ?? null;
}

/** False when there is no such schedule. The worker that keeps Temporal in step is told. */
export async function pauseSchedule(db: Queryable, name: string, paused: boolean): Promise<boolean> {
  const { rowCount } = await db.query('update schedule set paused = $2 where name = $1', [name, paused]);
  await db.query("select pg_notify('bellhop_policy', 'schedule')");
  return rowCount === 1;
}

/** Where Slack put the message of an outbox row; null until it is there. */
export async function postedAt(db: Queryable, key: string): Promise<string | null> {
  const { rows } = await db.query<{ slack_ts: string | null }>('select slack_ts from outbox where key = $1', [key]);
  return rows[0]?.slack_ts ?? null;
}

/** How the turn ended that read this inbox entry; null while it has not. */
export async function endingOf(db: Queryable, session: SessionId, eventId: string): Promise<string | null> {
  const { rows } = await db.query<{ state: string }>(
    `select t.state from inbox i join turn t on t.session = $1 and t.number = i.turn
     where i.event_id = $2 and t.state <> 'running'`,
    [session, eventId],
  );
  return rows[0]?.state ?? null;
}
