import { type Client, ScheduleNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import type { Command } from 'commander';
import { scheduleIdOf } from '../../contracts/schedules.ts';
import { listSchedules, pauseSchedule, type ScheduleRow } from '../../store/schedules.ts';
import { type CliContext, openCliContext } from '../context.ts';
import { listWithRuns } from '../schedules/list-with-runs.ts';
import { schedulesText } from '../schedules/schedules-text.ts';
import { openTemporal } from '../temporal.ts';

/** `bellhop schedules`: lists, pauses, resumes and runs the tasks that start at set times. */
export function register(program: Command): void {
  const schedules = program.command('schedules').description('tasks that start by the clock');
  schedules
    .command('list')
    .description('every schedule with its next three runs')
    .option('--json', 'print them as JSON')
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

async function list(json: boolean): Promise<void> {
  await using context = await openCliContext();
  const schedules = await listWithRuns(context);
  console.log(json ? JSON.stringify(schedules, null, 2) : schedulesText(schedules));
}

/** Refuses to start a task that still runs, because Temporal would silently skip it. */
async function run(name: string): Promise<void> {
  await using context = await openCliContext();
  await mustExist(context, name);
  await using temporal = await openTemporal(context.home);
  const handle = temporal.client.schedule.getHandle(scheduleIdOf(name));
  const { info } = await handle.describe().catch((error: unknown) => {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    throw new Error(`Temporal does not have ${name} yet: an agent worker brings it there, and none has`);
  });
  const last = info.recentActions.at(-1)?.action.workflow.workflowId;
  if (last && (await isRunning(temporal.client, last)))
    throw new Error(`${name} is running already, as workflow ${last}`);
  await handle.trigger();
  console.log(`${name} was started. It opens a thread in its channel.`);
}

/** Asks for the workflow itself, because the schedule's list of running workflows shows a new one only later. */
async function isRunning(client: Client, workflow: string): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(workflow).describe()).status.name === 'RUNNING';
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}

async function setPaused(name: string, paused: boolean): Promise<void> {
  await using context = await openCliContext();
  const before = await mustExist(context, name);
  await pauseSchedule(context.database, name, paused);
  if (before.paused === paused) console.log(paused ? `${name} was paused already.` : `${name} was not paused.`);
  else console.log(paused ? `${name} is paused.` : `${name} runs by its clock again.`);
}

async function mustExist(context: CliContext, name: string): Promise<ScheduleRow> {
  const schedules = await listSchedules(context.database);
  const found = schedules.find((row) => row.name === name);
  if (found) return found;
  const names = schedules.map((row) => row.name).join(', ');
  throw new Error(`there is no schedule ${name}; ${names === '' ? 'the access file has none' : `there are: ${names}`}`);
}
