import { scheduleIdOf } from '../../contracts/schedules.ts';
import { listChannels } from '../../store/channels.ts';
import { listSchedules, type ScheduleRow } from '../../store/schedules.ts';
import type { CliContext } from '../context.ts';
import { openTemporal } from '../temporal.ts';

export interface ListedSchedule extends ScheduleRow {
  /** `#ops`, or the channel's id when its name is unknown. */
  readonly place: string;
  /** The next three runs. Null when Temporal does not answer or does not have the schedule yet. */
  readonly next: readonly Date[] | null;
}

/** The schedules of the access file, each with its next runs from Temporal. */
export async function listWithRuns({
  database,
  home,
}: Pick<CliContext, 'database' | 'home'>): Promise<ListedSchedule[]> {
  const [rows, channels] = await Promise.all([listSchedules(database), listChannels(database)]);
  const names = new Map(channels.map(({ team, id, name }) => [`${team}:${id}`, `#${name}`]));
  const listed = rows.map((row) => ({ ...row, place: names.get(`${row.team}:${row.channel}`) ?? row.channel }));
  const temporal = rows.length === 0 ? null : await openTemporal(home).catch(() => null);
  if (temporal === null) return listed.map((row) => ({ ...row, next: null }));
  await using open = temporal;
  const nextOf = async (name: string): Promise<Date[] | null> => {
    const known = await open.client.schedule
      .getHandle(scheduleIdOf(name))
      .describe()
      .catch(() => null);
    return known?.info.nextActionTimes.slice(0, 3) ?? null;
  };
  return await Promise.all(listed.map(async (row) => ({ ...row, next: await nextOf(row.name) })));
}
