import type { TurnEnding } from '../contracts/activities.ts';
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

/** As the access file has them, by name, the paused ones too. */
export async function listSchedules(db: Queryable): Promise<ScheduleRow[]> {
  const { rows } = await db.query<ScheduleRow>(`select ${COLUMNS} from schedule order by name`);
  return rows;
}

/** Null when the access file has none of this name. */
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

export interface OpeningMessage {
  /** Where Slack put it; null until it is there. */
  readonly ts: string | null;
  /** Slack's code when it refused the message for good. */
  readonly refused: string | null;
}

/** What became of the message that opens a firing's thread. */
export async function openingMessage(db: Queryable, key: string): Promise<OpeningMessage | null> {
  const { rows } = await db.query<OpeningMessage>(
    'select slack_ts as ts, failed as refused from outbox where key = $1',
    [key],
  );
  return rows[0] ?? null;
}

/** How an inbox entry ended: as its turn did, refused, or stopped before a turn read it. Null while it has not. */
export async function endingOf(
  db: Queryable,
  session: SessionId,
  eventId: string,
): Promise<TurnEnding | 'refused' | null> {
  const { rows } = await db.query<{ ending: TurnEnding | 'refused' | null }>(
    `select case when t.state <> 'running' then t.state
                 when i.state = 'refused' then 'refused'
                 when i.state = 'context' and t.state is null then 'stopped' end as ending
     from inbox i left join turn t on t.session = $1 and t.number = i.turn
     where i.event_id = $2`,
    [session, eventId],
  );
  return rows[0]?.ending ?? null;
}
