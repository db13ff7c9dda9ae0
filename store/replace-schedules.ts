import type { Queryable } from './database.ts';
import { listSchedules, type ScheduleRow } from './schedules.ts';

/** A schedule of the access file. */
export interface WantedSchedule extends Omit<ScheduleRow, 'paused'> {
  /** Null keeps an existing schedule as it is, and starts a new one running. */
  readonly paused: boolean | null;
}

export interface ScheduleChange {
  readonly change: 'added' | 'changed' | 'removed';
  readonly name: string;
}

/** Replaces the stored schedules by those of the file, and returns what changed. */
export async function replaceSchedules(
  tx: Queryable,
  wanted: readonly WantedSchedule[],
  policyVersion: number,
): Promise<ScheduleChange[]> {
  const before = new Map((await listSchedules(tx)).map((row) => [row.name, row]));
  const changes: ScheduleChange[] = [];
  for (const schedule of wanted) {
    const known = before.get(schedule.name);
    before.delete(schedule.name);
    const row = { ...schedule, paused: schedule.paused ?? known?.paused ?? false };
    if (!known) changes.push({ change: 'added', name: row.name });
    else if (!isSame(known, row)) changes.push({ change: 'changed', name: row.name });
    await upsert(tx, row, policyVersion);
  }
  for (const name of before.keys()) {
    changes.push({ change: 'removed', name });
    await tx.query('delete from schedule where name = $1', [name]);
  }
  return changes;
}

async function upsert(tx: Queryable, row: ScheduleRow, policyVersion: number): Promise<void> {
  await tx.query(
    `insert into schedule (name, team, channel, cron, timezone, prompt, paused, policy_version)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (name) do update set team = $2, channel = $3, cron = $4, timezone = $5, prompt = $6, paused = $7,
       policy_version = $8`,
    [row.name, row.team, row.channel, row.cron, row.timezone, row.prompt, row.paused, policyVersion],
  );
}

function isSame(a: ScheduleRow, b: ScheduleRow): boolean {
  const keys = ['team', 'channel', 'cron', 'timezone', 'prompt', 'paused'] as const;
  return keys.every((key) => a[key] === b[key]);
}
