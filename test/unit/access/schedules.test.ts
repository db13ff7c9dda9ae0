import { nextRuns } from '../../../access/schedule-times.ts';
import { clockChanges, openTimeZone, type TimeZone } from '../../../access/time-zone.ts';
import { fileOf, NOW, problemsIn } from '../../support/access-yaml.ts';

function withSchedule(fields: string): string {
  return `schedules:
  task:
    channel: "#ops"
    prompt: Say hello
    ${fields.replaceAll('; ', '\n    ')}
`;
}

function zone(name: string): TimeZone {
  const found = openTimeZone(name);
  if (!found) throw new Error(`no zone ${name}`);
  return found;
}

test.each([
  ['cron: 0 9 1 * MON; timezone: UTC', '5: schedules.task.cron: restricts the day of month and the weekday'],
  ['cron: "@daily"; timezone: UTC', '5: schedules.task.cron: must have five fields'],
  ['cron: 0 0 9 * * MON *; timezone: UTC', '5: schedules.task.cron: must have five fields'],
  ['cron: 0 9 L * *; timezone: UTC', '5: schedules.task.cron: may hold numbers, names such as MON'],
  ['cron: 0 25 * * *; timezone: UTC', '5: schedules.task.cron: is no cron expression'],
  ['cron: 0 9 30 2 *; timezone: UTC', '5: schedules.task.cron: never happens'],
  ['cron: 0 9 1 1 * 2026; timezone: UTC', '5: schedules.task.cron: never happens'],
  ['at: 2026-11-23T09:59; timezone: UTC', '5: schedules.task.at: never happens'],
  ['at: 2026-11-23T10:30; timezone: Europe/Berlin', '5: schedules.task.at: never happens'],
  ['at: 2027-02-29T09:00; timezone: UTC', '5: schedules.task.at: is no date and time'],
  ['at: tomorrow; timezone: UTC', '5: schedules.task.at: is no date and time'],
  ['cron: 0 9 * * *; timezone: Europe/Atlantis', '6: schedules.task.timezone: "Europe/Atlantis" is no time zone'],
  ['cron: 0 9 * * *; timezone: "+02:00"', '6: schedules.task.timezone: "+02:00" is no time zone'],
  ['cron: 0 9 * * *', '2: schedules.task.timezone: is missing'],
  ['timezone: UTC', '2: schedules.task: needs one of cron and at'],
  ['cron: 0 9 * * *; at: 2027-01-01T09:00; timezone: UTC', '2: schedules.task: needs one of cron and at'],
])('%s is refused', (fields, problem) => {
  const problems = problemsIn(withSchedule(fields));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(`bellhop.yaml:${problem}`);
});

test.each([
  [
    '30 2 * MAR *',
    'Europe/Berlin',
    'run of 2027-03-28 02:30 does not happen: the clock in Europe/Berlin goes from 02:00 to 03:00',
  ],
  ['*/15 2 * MAR SUN', 'Europe/Berlin', 'run of 2027-03-28 02:00 does not happen'],
  ['0 0 * * *', 'America/Santiago', 'run of 2027-09-05 00:00 does not happen'],
  [
    '30 1 * * *',
    'America/New_York',
    'run of 2027-11-07 01:30 may happen twice: the clock in America/New_York goes back from 02:00 to 01:00',
  ],
])('%s in %s is applied with a warning of the clock change it falls into', (cron, timezone, warning) => {
  const problems = problemsIn(withSchedule(`cron: "${cron}"; timezone: ${timezone}`));
  expect(problems).toEqual([expect.stringContaining(`schedules.task.cron: the ${warning}`)]);
});

test('a run that falls into both changes of a year is warned of for both', () => {
  expect(problemsIn(withSchedule('cron: 30 2 * * *; timezone: Europe/Berlin'))).toHaveLength(2);
});

test.each([
  ['0 9 * * MON-FRI', 'Europe/Berlin'],
  ['30 2 * * *', 'UTC'],
  ['0 3 * * *', 'Europe/Berlin'],
  ['30 2 1 JAN *', 'Europe/Berlin'],
])('%s in %s is as it should be', (cron, timezone) => {
  expect(problemsIn(withSchedule(`cron: "${cron}"; timezone: ${timezone}`))).toEqual([]);
});

test('a single run is kept as cron with its year', () => {
  const { schedules } = fileOf(withSchedule('at: 2026-12-24T18:05; timezone: Europe/Berlin'));
  expect(schedules).toMatchObject([{ name: 'task', cron: '5 18 24 12 * 2026', paused: null }]);
  const runs = nextRuns('5 18 24 12 * 2026', zone('Europe/Berlin'), NOW, 3);
  expect(runs.map((run) => run.toISOString())).toEqual(['2026-12-24T17:05:00.000Z']);
});

test('the next runs keep their local hour over a clock change, and leave out the one it skips', () => {
  const spring = new Date('2027-03-26T12:00:00Z');
  const runs = (cron: string) => nextRuns(cron, zone('Europe/Berlin'), spring, 3).map((run) => run.toISOString());
  expect(runs('0 9 * * *')).toEqual([
    '2027-03-27T08:00:00.000Z',
    '2027-03-28T07:00:00.000Z',
    '2027-03-29T07:00:00.000Z',
  ]);
  expect(runs('30 2 * * *')).toEqual([
    '2027-03-27T01:30:00.000Z',
    '2027-03-29T00:30:00.000Z',
    '2027-03-30T00:30:00.000Z',
  ]);
});

test('clock changes are found where they are, half hours included', () => {
  const changes = (name: string) => clockChanges(zone(name), Date.UTC(2027, 0, 1), Date.UTC(2028, 0, 1));
  expect(changes('Europe/Berlin')).toEqual([
    { kind: 'skipped', from: Date.UTC(2027, 2, 28, 2), until: Date.UTC(2027, 2, 28, 3) },
    { kind: 'repeated', from: Date.UTC(2027, 9, 31, 2), until: Date.UTC(2027, 9, 31, 3) },
  ]);
  expect(changes('Australia/Lord_Howe')).toEqual([
    { kind: 'repeated', from: Date.UTC(2027, 3, 4, 1, 30), until: Date.UTC(2027, 3, 4, 2) },
    { kind: 'skipped', from: Date.UTC(2027, 9, 3, 2), until: Date.UTC(2027, 9, 3, 2, 30) },
  ]);
  expect(changes('UTC')).toEqual([]);
});
