import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { nextRuns } from '../../../access/schedule-times.ts';
import { openTimeZone } from '../../../access/time-zone.ts';
import { sessionIdOf } from '../../../contracts/ids.ts';
import { bellhopCommand } from '../../support/installation/command-line.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { TEAM, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

const CHANNEL = 'C00PLATFORM';
const PROMPT = '$ curl -sS https://api.acme.test/v1/signups';
const MINUTE = 60_000;

let bellhop: Installation;
/** The minute at whose beginning every worker is down. */
let dark: Date;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** Writes an access file as an operator would and applies it by the real command. */
async function apply(schedules: string) {
  const demo = (await bellhop.demoFile())
    .replaceAll(':7443', `:${bellhop.acme.port}`)
    .replace(/^# ?schedules:[\s\S]*/m, '');
  const file = path.join(bellhop.home, 'bellhop.yaml');
  await writeFile(file, `${demo}\nschedules:\n${schedules}`);
  return bellhopCommand(bellhop, ['apply', file], { ACME_TOKEN: bellhop.canary });
}

function entry(name: string, when: Record<string, string>): string {
  const fields = { channel: '#platform-eng', prompt: PROMPT, ...when };
  return `  ${name}: ${JSON.stringify(fields)}\n`;
}

/** `2027-03-01T08:30`, as a clock in `timezone` shows it. */
function wallClock(at: Date, timezone: string): string {
  const text = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' }).format(
    at,
  );
  return text.replace(' ', 'T');
}

/** What a firing said in its channel to open its thread. */
async function openings(schedule: string, since = new Date(0)): Promise<SimMessage[]> {
  const { messages } = await bellhop.slack.state();
  return messages.filter(
    ({ channel, threadTs, text, ts }) =>
      channel === CHANNEL &&
      threadTs === null &&
      text.startsWith(`Scheduled task *${schedule}*`) &&
      Number(ts) * 1000 >= since.getTime(),
  );
}

async function opened(schedule: string, since: Date, withinMs: number): Promise<SimMessage> {
  await until(async () => (await openings(schedule, since)).length > 0, `a thread of ${schedule}`, withinMs);
  const [first] = await openings(schedule, since);
  if (!first) throw new Error('unreachable');
  return first;
}

async function workflowsOf(schedule: string): Promise<{ id: string; status: string; due: Date | undefined }[]> {
  const found: { id: string; status: string; due: Date | undefined }[] = [];
  for await (const one of bellhop.temporal.client.workflow.list({ query: "WorkflowType = 'scheduledTask'" })) {
    if (!one.workflowId.startsWith(`schedule:${schedule}-`)) continue;
    const due = one.searchAttributes.TemporalScheduledStartTime?.[0];
    found.push({ id: one.workflowId, status: one.status.name, due: due instanceof Date ? due : undefined });
  }
  return found;
}

test('apply tells what is wrong with a schedule, warns of a skipped time and shows the next three runs', async () => {
  const wrong = await apply(
    entry('both-days', { cron: '0 9 1 * MON', timezone: 'Europe/Berlin' }) +
      entry('past', { at: '2020-01-01T09:00', timezone: 'Europe/Berlin' }),
  );
  expect(wrong.code).toBe(1);
  expect(wrong.err).toMatch(/schedules\.both-days\.cron: restricts the day of month and the weekday/);
  expect(wrong.err).toMatch(/schedules\.past\.at: never happens/);
  expect((await bellhop.database.query('select 1 from schedule')).rowCount).toBe(0);

  dark = new Date(Math.ceil((Date.now() + 30_000) / MINUTE) * MINUTE);
  const right = await apply(
    entry('every-minute', { cron: '* * * * *', timezone: 'Europe/Berlin' }) +
      entry('once', { at: wallClock(dark, 'Asia/Kolkata'), timezone: 'Asia/Kolkata' }) +
      entry('weekly', { cron: '0 9 * * MON', timezone: 'America/New_York' }) +
      entry('spring', { cron: '30 2 * * *', timezone: 'Europe/Berlin' }),
  );
  expect(right.err).toBe('');
  expect(right.out).toMatch(/weekly: next Mon [^;]+ 09:00; Mon [^;]+ 09:00; Mon [^;]+ 09:00 \(America\/New_York\)/);
  expect(right.out).toMatch(/warning: .*schedules\.spring\.cron: the run of \d{4}-03-\d\d 02:30 does not happen/);
});

test("Temporal's next runs are those that apply showed, in each schedule's own zone", async () => {
  const listed = async (): Promise<Record<string, string[] | null>> => {
    const { out, err } = await bellhopCommand(bellhop, ['schedules', 'list', '--json']);
    expect(err).toBe('');
    return Object.fromEntries(
      JSON.parse(out).map((each: { name: string; next: string[] | null }) => [each.name, each.next]),
    );
  };
  await until(
    async () => Object.values(await listed()).every((next) => next !== null),
    'Temporal to have the schedules',
  );
  const now = new Date();
  const next = await listed();
  for (const [name, cron, zone] of [
    ['weekly', '0 9 * * MON', 'America/New_York'],
    ['spring', '30 2 * * *', 'Europe/Berlin'],
  ] as const) {
    const known = openTimeZone(zone);
    if (!known) throw new Error(`no zone ${zone}`);
    expect(next[name]).toEqual(nextRuns(cron, known, now, 3).map((run) => run.toISOString()));
  }
  expect(next.once).toEqual([dark.toISOString()]);
  const { out } = await bellhopCommand(bellhop, ['schedules', 'list']);
  expect(out).toMatch(/^weekly +#platform-eng +0 9 \* \* MON \(America\/New_York\)$/m);
  expect(out).toMatch(/next: Mon .* 09:00; Mon .* 09:00; Mon .* 09:00/);
}, 60_000);

test('a task whose minute came while every worker was down is done once, with the access of its channel', async () => {
  const { agent, gateway, runner } = bellhop.processes;
  await new Promise((resolve) => setTimeout(resolve, Math.max(dark.getTime() - Date.now() - 3_000, 0)));
  await Promise.all([agent.kill('SIGKILL'), gateway.kill('SIGKILL'), runner.kill('SIGKILL')]);
  expect(Date.now()).toBeLessThan(dark.getTime());
  await new Promise((resolve) => setTimeout(resolve, dark.getTime() - Date.now() + 4_000));
  // The first answer of Slack is lost on its way back: still one opening message.
  await bellhop.slack.fault({ acceptThenDrop: 'chat.postMessage', times: 1 });
  await Promise.all([agent.restart(), gateway.restart(), runner.restart()]);

  for (const schedule of ['every-minute', 'once']) {
    const opening = await opened(schedule, dark, 30_000);
    const { session, state } = await waitForTurn(bellhop, opening, 1, 45_000);
    expect(state).toBe('answered');
    expect((await toolSteps(bellhop, opening))[0]?.output).toContain('"caller": "svc-bellhop"');
    const { rows: events } = await bellhop.database.query(
      'select outcome, connection, requester, principal, scope from egress_event where session = $1',
      [session],
    );
    expect(events).toEqual([
      {
        outcome: 'injected',
        connection: 'acme-readonly',
        requester: `schedule:${schedule}`,
        principal: `agent@channel:${TEAM}:${CHANNEL}`,
        scope: `channel:${TEAM}:${CHANNEL}`,
      },
    ]);
    const { rows: turns } = await bellhop.database.query('select requester from turn where session = $1', [session]);
    expect(turns).toEqual([{ requester: `schedule:${schedule}` }]);
    expect(await bellhop.slack.answers(opening)).toHaveLength(1);
  }

  const due = (await workflowsOf('every-minute')).filter((one) => one.due?.getTime() === dark.getTime());
  expect(due).toHaveLength(1);
  const key = `schedule:every-minute:${dark.toISOString()}/opening`;
  const { rows } = await bellhop.database.query('select slack_ts from outbox where key = $1', [key]);
  const session = sessionIdOf({ team: TEAM, channel: CHANNEL, threadTs: rows[0].slack_ts });
  expect(
    (await bellhop.temporal.client.workflow.getHandle(session).describe()).searchAttributes.BellhopRequester,
  ).toEqual(['schedule:every-minute']);
  await until(async () => (await workflowsOf('once')).every(({ status }) => status === 'COMPLETED'), 'its end');
}, 150_000);

test('pause, run and resume do what they say, and a task that runs is not started again', async () => {
  expect((await bellhopCommand(bellhop, ['schedules', 'pause', 'every-minute'])).out).toBe('every-minute is paused.\n');
  const handle = bellhop.temporal.client.schedule.getHandle('bellhop:every-minute');
  await until(async () => (await handle.describe()).state.paused, 'Temporal to pause it');

  await apply(
    entry('every-minute', { cron: '* * * * *', timezone: 'Europe/Berlin' }) +
      entry('slow', { cron: '0 9 * * MON', timezone: 'UTC', prompt: 'think 50s\n$ echo done' }),
  );
  expect((await bellhopCommand(bellhop, ['schedules', 'list'])).out).toMatch(
    /^every-minute .* paused\n.*none while it is paused/,
  );
  const slow = bellhop.temporal.client.schedule.getHandle('bellhop:slow');
  await until(async () => (await slow.describe().catch(() => null)) !== null, 'the new schedule');
  const before = new Date();
  const started = await bellhopCommand(bellhop, ['schedules', 'run', 'slow']);
  expect(started).toMatchObject({ code: 0, err: '' });
  const opening = await opened('slow', before, 10_000);
  const again = await bellhopCommand(bellhop, ['schedules', 'run', 'slow']);
  expect(again).toMatchObject({
    code: 1,
    err: expect.stringContaining('slow is running already, as workflow schedule:slow-'),
  });
  await bellhop.slack.post('ada', CHANNEL, '@bellhop stop', { threadTs: opening.ts });
  expect((await waitForTurn(bellhop, opening, 1)).state).toBe('stopped');
  await until(async () => (await workflowsOf('slow')).every(({ status }) => status === 'COMPLETED'), 'its end');
  expect(await openings('slow')).toHaveLength(1);

  const unknown = await bellhopCommand(bellhop, ['schedules', 'run', 'nope']);
  expect(unknown.err).toContain('there is no schedule nope; there are: every-minute, slow');
  // Taken out of the file: gone from Temporal.
  await until(
    async () =>
      (await bellhop.temporal.client.schedule
        .getHandle('bellhop:weekly')
        .describe()
        .catch(() => null)) === null,
    'the end of a schedule that is not in the file any more',
  );
  // It fired once, and never again.
  expect(await openings('once')).toHaveLength(1);
  expect((await bellhopCommand(bellhop, ['schedules', 'resume', 'every-minute'])).out).toBe(
    'every-minute runs by its clock again.\n',
  );
  await until(async () => !(await handle.describe()).state.paused, 'Temporal to resume it');
}, 90_000);

test('a task that is refused in its channel, or by Slack, fails in Temporal and does not wait', async () => {
  const slow = bellhop.temporal.client.schedule.getHandle('bellhop:slow');
  await bellhop.slack.fault({ failWith: 'chat.postMessage', error: 'is_archived' });
  await slow.trigger();
  await until(async () => (await workflowsOf('slow')).some(({ status }) => status === 'FAILED'), 'the refused task');
  await bellhop.slack.clearFaults();
}, 60_000);
