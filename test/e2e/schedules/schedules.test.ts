import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nextRuns } from '../../../access/schedule-times.ts';
import { openTimeZone } from '../../../access/time-zone.ts';
import { bellhopCommand } from '../../support/installation/command-line.ts';
import { answersIn } from '../../support/installation/conversations.ts';
import { type Installation, startInstallation } from '../../support/installation/installation.ts';
import { TEAM, toolSteps, waitForTurn } from '../../support/installation/turns.ts';
import type { SimMessage } from '../../support/slack-simulator.ts';
import { until } from '../../support/until.ts';

const PROMPT = '$ curl -sS https://api.acme.test/v1/signups';
const MINUTE = 60_000;

let bellhop: Installation;

beforeAll(async () => {
  bellhop = await startInstallation();
}, 120_000);
afterAll(() => bellhop?.[Symbol.asyncDispose](), 60_000);

/** The demo's file with these schedules, and with #general switched off. */
async function accessFile(schedules: string): Promise<string> {
  const demo = (await bellhop.demoFile()).replace(/^# ?schedules:[\s\S]*/m, '');
  const text = demo.replace(/^channels:$/m, 'channels:\n  "#general": { enabled: false }');
  return `${text.replaceAll(':7443', `:${bellhop.acme.port}`)}\nschedules:\n${schedules}`;
}

/** Applies it as an operator would, by the real command. */
async function apply(schedules: string) {
  const file = path.join(bellhop.home, 'bellhop.yaml');
  await writeFile(file, await accessFile(schedules));
  return bellhopCommand(bellhop, ['apply', file], { ACME_TOKEN: bellhop.canary });
}

function entry(name: string, when: Record<string, string>): string {
  const fields = { channel: '#platform-eng', prompt: PROMPT, ...when };
  return `  ${name}: ${JSON.stringify(fields)}\n`;
}

/** `2027-03-01T08:30`, as a clock in `timezone` shows it. */
function wallClock(at: Date, timezone: string): string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' });
  return format.format(at).replace(' ', 'T');
}

/** What a schedule's firings said in their channel to open their threads, oldest first. */
async function openings(schedule: string, since = new Date(0)): Promise<SimMessage[]> {
  const { messages } = await bellhop.slack.state();
  return messages.filter(
    ({ threadTs, text, ts }) =>
      threadTs === null && text.startsWith(`Scheduled task *${schedule}*`) && Number(ts) * 1000 >= since.getTime(),
  );
}

async function opened(schedule: string, since: Date, withinMs: number): Promise<SimMessage> {
  let found: SimMessage | undefined;
  const look = async () => {
    [found] = await openings(schedule, since);
    return found !== undefined;
  };
  await until(look, `a thread of ${schedule}`, withinMs);
  return found as SimMessage;
}

interface Firing {
  readonly status: string;
  readonly due: number | null;
}

async function firingsOf(schedule: string): Promise<Firing[]> {
  const found: Firing[] = [];
  for await (const one of bellhop.temporal.client.workflow.list({ query: "WorkflowType = 'scheduledTask'" })) {
    if (!one.workflowId.startsWith(`schedule:${schedule}-`)) continue;
    const due = one.searchAttributes.TemporalScheduledStartTime?.[0];
    found.push({ status: one.status.name, due: due instanceof Date ? due.getTime() : null });
  }
  return found;
}

const handleOf = (schedule: string) => bellhop.temporal.client.schedule.getHandle(`bellhop:${schedule}`);
const isKnown = (schedule: string) =>
  handleOf(schedule)
    .describe()
    .then(() => true)
    .catch(() => false);

test('apply tells what is wrong with a schedule, warns of a skipped time and shows the next three runs', async () => {
  const wrong = await apply(
    entry('both-days', { cron: '0 9 1 * MON', timezone: 'Europe/Berlin' }) +
      entry('past', { at: '2020-01-01T09:00', timezone: 'Europe/Berlin' }),
  );
  expect(wrong.code).toBe(1);
  expect(wrong.err).toMatch(/schedules\.both-days\.cron: restricts the day of month and the weekday/);
  expect(wrong.err).toMatch(/schedules\.past\.at: never happens/);
  expect((await bellhop.database.query('select 1 from schedule')).rowCount).toBe(0);

  const right = await apply(
    entry('weekly', { cron: '0 9 * * MON', timezone: 'America/New_York' }) +
      entry('spring', { cron: '30 2 * * *', timezone: 'Europe/Berlin' }) +
      entry('party', { at: '2099-12-31T23:59', timezone: 'Asia/Kolkata' }) +
      entry('slow', { cron: '0 9 * * MON', timezone: 'UTC', prompt: 'think 50s\n$ echo done' }) +
      entry('nowhere', { cron: '0 9 * * MON', timezone: 'UTC', channel: '#general' }),
  );
  expect(right.err).toBe('');
  expect(right.out).toMatch(/weekly: next Mon [^;]+ 09:00; Mon [^;]+ 09:00; Mon [^;]+ 09:00 \(America\/New_York\)/);
  expect(right.out).toMatch(/warning: .*schedules\.spring\.cron: the run of \d{4}-03-\d\d 02:30 does not happen/);
}, 30_000);

test("Temporal's next runs are those that apply showed, in each schedule's own zone", async () => {
  for (const name of ['weekly', 'spring', 'party', 'slow', 'nowhere']) await until(() => isKnown(name), name);
  const now = new Date();
  const { out: json } = await bellhopCommand(bellhop, ['schedules', 'list', '--json']);
  const listed = JSON.parse(json) as { name: string; next: string[] }[];
  const nextOf = (schedule: string) => listed.find(({ name }) => name === schedule)?.next;
  for (const [name, cron, timezone] of [
    ['weekly', '0 9 * * MON', 'America/New_York'],
    ['spring', '30 2 * * *', 'Europe/Berlin'],
  ] as const) {
    const zone = openTimeZone(timezone);
    if (!zone) throw new Error(`no zone ${timezone}`);
    expect(nextOf(name)).toEqual(nextRuns(cron, zone, now, 3).map((run) => run.toISOString()));
  }
  // Half an hour beside the full one: the zone is the schedule's own, and a single run has no second.
  expect(nextOf('party')).toEqual(['2099-12-31T18:29:00.000Z']);
  const { out } = await bellhopCommand(bellhop, ['schedules', 'list']);
  expect(out).toMatch(/^weekly +#platform-eng +0 9 \* \* MON \(America\/New_York\)$/m);
  expect(out).toMatch(/next: Mon .* 09:00; Mon .* 09:00; Mon .* 09:00/);
}, 30_000);

test('pause, run and resume do what they say, and a task that runs is not started again', async () => {
  expect((await bellhopCommand(bellhop, ['schedules', 'pause', 'weekly'])).out).toBe('weekly is paused.\n');
  await until(async () => (await handleOf('weekly').describe()).state.paused, 'Temporal to pause it');
  expect((await bellhopCommand(bellhop, ['schedules', 'list'])).out).toMatch(
    /^weekly .* paused\n.*none while it is paused/m,
  );
  expect((await bellhopCommand(bellhop, ['schedules', 'resume', 'weekly'])).out).toBe(
    'weekly runs by its clock again.\n',
  );
  await until(async () => !(await handleOf('weekly').describe()).state.paused, 'Temporal to resume it');

  const before = new Date();
  expect(await bellhopCommand(bellhop, ['schedules', 'run', 'slow'])).toMatchObject({ code: 0, err: '' });
  const opening = await opened('slow', before, 20_000);
  expect(await bellhopCommand(bellhop, ['schedules', 'run', 'slow'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('slow is running already, as workflow schedule:slow-'),
  });
  await until(async () => (await bellhop.slack.answers(opening)).length > 0, 'the beginning of its work', 20_000);
  await bellhop.slack.post('ada', 'platform-eng', '@bellhop stop', { threadTs: opening.ts });
  expect((await waitForTurn(bellhop, opening, 1)).state).toBe('stopped');
  const ended = async () => (await firingsOf('slow')).every(({ status }) => status === 'COMPLETED');
  await until(ended, 'the end of the stopped task');
  expect(await openings('slow')).toHaveLength(1);
  const unknown = await bellhopCommand(bellhop, ['schedules', 'run', 'nope']);
  expect(unknown.err).toContain('there is no schedule nope; there are: nowhere, party, slow, spring, weekly');
}, 90_000);

test('a task that Slack or its channel refuses has failed, and nobody waits for it', async () => {
  const failed = async (schedule: string) => (await firingsOf(schedule)).some(({ status }) => status === 'FAILED');
  await bellhop.slack.fault({ failWith: 'chat.postMessage', error: 'is_archived' });
  await handleOf('slow').trigger();
  await until(() => failed('slow'), 'the task that Slack refused', 20_000);
  await bellhop.slack.clearFaults();

  await handleOf('nowhere').trigger();
  const opening = await opened('nowhere', new Date(0), 20_000);
  await bellhop.slack.waitForAnswer(opening, /switched off here/);
  await until(() => failed('nowhere'), 'the task that its channel refused', 20_000);
}, 60_000);

test('a task whose minute came while every worker was down is done once, with the access of its channel', async () => {
  const { agent, gateway, runner } = bellhop.processes;
  const due = new Date(Math.ceil((Date.now() + 15_000) / MINUTE) * MINUTE);
  await bellhop.apply(
    await accessFile(
      entry('every-minute', { cron: '* * * * *', timezone: 'Europe/Berlin' }) +
        entry('once', { at: wallClock(due, 'Asia/Kolkata'), timezone: 'Asia/Kolkata' }),
    ),
  );
  const inStep = async () => (await isKnown('once')) && !(await isKnown('weekly'));
  await until(inStep, 'the new schedules, and the end of those that are not in the file any more');
  await sleep(due.getTime() - Date.now() - 3_000);
  await Promise.all([agent.kill('SIGKILL'), gateway.kill('SIGKILL'), runner.kill('SIGKILL')]);
  expect(Date.now()).toBeLessThan(due.getTime());
  await sleep(due.getTime() - Date.now() + 4_000);
  // The first answer of Slack is lost on its way back: still one opening message.
  await bellhop.slack.fault({ acceptThenDrop: 'chat.postMessage', times: 1 });
  await Promise.all([agent.restart(), gateway.restart(), runner.restart()]);

  for (const schedule of ['every-minute', 'once']) {
    const opening = await opened(schedule, due, 30_000);
    const { session, state } = await waitForTurn(bellhop, opening, 1, 45_000);
    expect(state).toBe('answered');
    expect((await toolSteps(bellhop, opening))[0]?.output).toContain('"caller": "svc-bellhop"');
    const by = { requester: `schedule:${schedule}` };
    const { rows: events } = await bellhop.database.query(
      'select outcome, connection, requester, principal, scope from egress_event where session = $1',
      [session],
    );
    const scope = `channel:${TEAM}:${opening.channel}`;
    expect(events).toEqual([
      { outcome: 'injected', connection: 'acme-readonly', ...by, principal: `agent@${scope}`, scope },
    ]);
    const { rows: turns } = await bellhop.database.query('select requester from turn where session = $1', [session]);
    expect(turns).toEqual([by]);
    expect(await answersIn(bellhop, opening)).toHaveLength(1);
    const { searchAttributes } = await bellhop.temporal.client.workflow.getHandle(session).describe();
    expect(searchAttributes.BellhopRequester).toEqual([by.requester]);
  }

  // It goes on every minute: as many threads as firings, and one firing for the minute in the dark.
  const since = async () => (await firingsOf('every-minute')).filter((one) => (one.due ?? 0) >= due.getTime());
  expect((await since()).filter((one) => one.due === due.getTime())).toHaveLength(1);
  const agree = async () => (await openings('every-minute', due)).length === (await since()).length;
  await until(agree, 'one thread for each firing');
  expect(await openings('once')).toHaveLength(1);
  await until(async () => (await firingsOf('once')).every(({ status }) => status === 'COMPLETED'), 'its end');
  expect(await firingsOf('once')).toHaveLength(1);
}, 180_000);
