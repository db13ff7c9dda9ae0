import type { TurnEnding } from '../contracts/activities.ts';
import type { SessionId } from '../contracts/ids.ts';
import type { Queryable } from './database.ts';

/** A task of the access file that starts at set times. Temporal's Schedules are made to match these rows. */
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

/** All schedules by name, also the paused ones. */
export async function listSchedules(db: Queryable): Promise<ScheduleRow[]> {
  const { rows } = await db.query<ScheduleRow>(`select ${COLUMNS} from schedule order by name`);
  return rows;
}

/** Those of one channel, by name. */
export async function schedulesIn(db: Queryable, team: string, channel: string): Promise<ScheduleRow[]> {
  const { rows } = await db.query<ScheduleRow>(
    `select ${COLUMNS} from schedule where team = $1 and channel = $2 order by name`,
    [team, channel],
  );
  return rows;
}

/** Those of `own` channels, and then those of public ones, each with its channel's name, by name. */
export async function openSchedules(
  db: Queryable,
  team: string,
  { own, most }: { readonly own: readonly string[]; readonly most: number },
): Promise<(ScheduleRow & { readonly place: string })[]> {
  const { rows } = await db.query<ScheduleRow & { place: string }>(
    `select s.name, s.team, s.channel, s.cron, s.timezone, s.prompt, s.paused, '#' || c.name as place
     from schedule s join channel c on c.team = s.team and c.id = s.channel
     where s.team = $1 and not c.external and (c.kind = 'public' or (c.kind = 'private' and s.channel = any($3)))
     order by s.channel = any($3) desc, s.name limit $2`,
    [team, most, own],
  );
  return rows;
}

/** Null when the access file has none of this name. */
export async function findSchedule(db: Queryable, name: string): Promise<ScheduleRow | null> {
  const { rows } = await db.query<ScheduleRow>(`select ${COLUMNS} from schedule where name = $1`, [name]);
  return rows[0] ?? null;
}

/** Pauses or resumes a schedule and notifies the worker that updates Temporal. False when there is no such schedule. */
export async function pauseSchedule(db: Queryable, name: string, paused: boolean): Promise<boolean> {
  const { rowCount } = await db.query('update schedule set paused = $2 where name = $1', [name, paused]);
  await db.query("select pg_notify('bellhop_policy', 'schedule')");
  return rowCount === 1;
}

export interface OpeningMessage {
  /** Its ts in Slack. Null until it is there. */
  readonly ts: string | null;
  /** Slack's code when it refused the message for good. */
  readonly refused: string | null;
}

/** The state of the message that opens the thread of a scheduled run. */
export async function openingMessage(db: Queryable, key: string): Promise<OpeningMessage | null> {
  const { rows } = await db.query<OpeningMessage>(
    'select slack_ts as ts, failed as refused from outbox where key = $1',
    [key],
  );
  return rows[0] ?? null;
}

/** Withdraws an opening message that Slack does not have. Its run has failed, so nothing would happen in its thread. */
export async function withdrawOpening(db: Queryable, key: string): Promise<void> {
  await db.query(
    `update outbox set failed = 'withdrawn' where key = $1 and slack_ts is null and not unsure and failed is null
       and (claimed_until is null or claimed_until <= now())`,
    [key],
  );
}

/** How an inbox entry ended: like its turn, refused, or stopped before a turn read it. Null while it has not ended. */
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
