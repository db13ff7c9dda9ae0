import type { ScheduleOptions } from '@temporalio/client';
import { type Client, ScheduleNotFoundError, ScheduleOverlapPolicy } from '@temporalio/client';
import { SCHEDULE_PREFIX, scheduleIdOf } from '../contracts/schedules.ts';
import { AGENT_QUEUE } from '../contracts/task-queues.ts';
import type { Database } from '../store/database.ts';
import { listSchedules, type ScheduleRow } from '../store/schedules.ts';

export interface SyncSchedulesDependencies {
  readonly client: Client;
  readonly database: Database;
}

/** What a round changed, by name. */
export interface SyncedSchedules {
  readonly created: string[];
  readonly updated: string[];
  readonly deleted: string[];
}

/**
 * Makes Temporal's Schedules agree with the access file. The table is what is wanted; a round that fails half-way is
 * finished by the next one.
 */
export async function syncSchedules({ client, database }: SyncSchedulesDependencies): Promise<SyncedSchedules> {
  const wanted = await listSchedules(database);
  const names = new Set(wanted.map((row) => scheduleIdOf(row.name)));
  const done: SyncedSchedules = { created: [], updated: [], deleted: [] };
  for (const row of wanted) await syncOne(client, row, done);
  for await (const { scheduleId } of client.schedule.list()) {
    if (!scheduleId.startsWith(SCHEDULE_PREFIX) || names.has(scheduleId)) continue;
    await client.schedule.getHandle(scheduleId).delete();
    done.deleted.push(scheduleId.slice(SCHEDULE_PREFIX.length));
  }
  return done;
}

async function syncOne(client: Client, row: ScheduleRow, done: SyncedSchedules): Promise<void> {
  const handle = client.schedule.getHandle(scheduleIdOf(row.name));
  const options = optionsOf(row);
  const known = await handle.describe().catch((error: unknown) => {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  });
  if (known === null) {
    await client.schedule.create(options);
    done.created.push(row.name);
  } else if (!isSame(known.action.memo, row) || known.state.paused !== row.paused) {
    await handle.update((previous) => ({ ...previous, ...options, state: { ...previous.state, paused: row.paused } }));
    done.updated.push(row.name);
  }
}

function isSame(memo: Record<string, unknown> | undefined, row: ScheduleRow): boolean {
  return memo?.when === whenOf(row) && memo.team === row.team && memo.channel === row.channel;
}

/** The clock as it was written; Temporal gives it back compiled, which cannot be compared. */
function whenOf({ cron, timezone }: ScheduleRow): string {
  return `${timezone} ${cron}`;
}

/** A task missed while everything was down is made up for within an hour; two runs of one task never overlap. */
function optionsOf(row: ScheduleRow): ScheduleOptions {
  const { name, team, channel, cron, timezone } = row;
  return {
    scheduleId: scheduleIdOf(name),
    spec: { cronExpressions: [cron], timezone },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1h' },
    state: { paused: row.paused },
    action: {
      type: 'startWorkflow',
      workflowType: 'scheduledTask',
      workflowId: `schedule:${name}`,
      taskQueue: AGENT_QUEUE,
      args: [{ schedule: name }],
      typedSearchAttributes: [],
      staticSummary: `scheduled · ${name}`,
      memo: { team, channel, when: whenOf(row) },
    },
  };
}
