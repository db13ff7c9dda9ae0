import type { Command } from 'commander';
import { scheduleIdOf } from '../../contracts/schedules.ts';
import { listSchedules, pauseSchedule, type ScheduleRow } from '../../store/schedules.ts';
import { type CliContext, openCliContext } from '../context.ts';
import { openTemporal } from '../temporal.ts';

/** `bellhop schedules`: what starts by the clock. */
export function register(program: Command): void {
  const schedules = program.command('schedules').description('tasks that start by the clock');
  schedules
    .command('list')
    .description('every schedule with its next three runs')
    .option('--json', 'for machines')
    .action((options: { json?: boolean }) => list(options.json ?? false));
  schedules
    .command('run <name>')
    .description('start one now, beside its clock')
    .action((name: string) => run(name));
  schedules
    .command('pause <name>')
    .description('start it no more until it is resumed')
    .action((name: string) => setPaused(name, true));
  schedules
    .command('resume <name>')
    .description('let its clock start it again')
    .action((name: string) => setPaused(name, false));
}

interface ListedSchedule extends ScheduleRow {
  /** Null while Temporal cannot be asked, or does not have it yet. */
  readonly next: readonly Date[] | null;
}

async function list(json: boolean): Promise<void> {
  await using context = await openCliContext();
  const rows = await withNextRuns(context, await listSchedules(context.database));
  if (json) {
    console.log(JSON.stringify(rows, undefined, 2));
    return;
  }
  if (rows.length === 0) console.log('No schedules. They are written in bellhop.yaml under `schedules:`.');
  for (const row of rows) {
    console.log(`${row.name}  ${row.channel}  ${row.cron} (${row.timezone})${row.paused ? '  paused' : ''}`);
    console.log(`  next: ${describeNext(row)}`);
  }
}

function describeNext({ next, paused, timezone }: ListedSchedule): string {
  if (next === null) return 'not known: Temporal does not answer, or does not have it yet';
  if (paused) return 'none while it is paused';
  const format = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: timezone });
  return next.map((date) => format.format(date)).join(' · ') || 'none';
}

async function withNextRuns(context: CliContext, rows: readonly ScheduleRow[]): Promise<ListedSchedule[]> {
  if (rows.length === 0) return [];
  const temporal = await openTemporal(context.home).catch(() => null);
  if (temporal === null) return rows.map((row) => ({ ...row, next: null }));
  await using open = temporal;
  const next = async (row: ScheduleRow): Promise<ListedSchedule> => {
    const known = await open.client.schedule
      .getHandle(scheduleIdOf(row.name))
      .describe()
      .catch(() => null);
    return { ...row, next: known?.info.nextActionTimes.slice(0, 3) ?? null };
  };
  return Promise.all(rows.map(next));
}

async function run(name: string): Promise<void> {
  await using context = await openCliContext();
  await mustExist(context, name);
  await using temporal = await openTemporal(context.home);
  await temporal.client.schedule.getHandle(scheduleIdOf(name)).trigger();
  console.log(`${name} was started.`);
}

async function setPaused(name: string, paused: boolean): Promise<void> {
  await using context = await openCliContext();
  await mustExist(context, name);
  await pauseSchedule(context.database, name, paused);
  console.log(paused ? `${name} is paused.` : `${name} runs by its clock again.`);
}

async function mustExist(context: CliContext, name: string): Promise<void> {
  const names = (await listSchedules(context.database)).map((row) => row.name);
  if (names.includes(name)) return;
  throw new Error(`no schedule ${name}; there ${names.length === 0 ? 'are none' : `is: ${names.join(', ')}`}`);
}
