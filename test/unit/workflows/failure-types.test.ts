import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ActivityFailure, ApplicationFailure, TimeoutFailure, type TimeoutType } from '@temporalio/common';
import { FAILURES, type FailureType } from '../../../contracts/failures.ts';
import { failureTypeOf } from '../../../workflows/failure-type-of.ts';

const ROOT = path.join(import.meta.dirname, '..', '..', '..');
const TYPES = Object.keys(FAILURES) as FailureType[];

function failed(activity: string, cause: Error): ActivityFailure {
  return new ActivityFailure('failed', activity, '1', 'MAXIMUM_ATTEMPTS_REACHED', undefined, cause);
}

function timedOut(type: TimeoutType, last?: Error): TimeoutFailure {
  return Object.assign(new TimeoutFailure('timed out', undefined, type), { cause: last });
}

test.each(TYPES)(
  'an activity that failed as %s ends the turn as that, also when its attempts ran out of time',
  (type) => {
    const said = ApplicationFailure.create({ type, message: type });
    expect(failureTypeOf(failed('callModel', said))).toBe(type);
    expect(failureTypeOf(failed('provisionSandbox', timedOut('SCHEDULE_TO_CLOSE', said)))).toBe(type);
  },
);

test.each<[string, TimeoutType, FailureType]>([
  ['callModel', 'START_TO_CLOSE', 'ModelUnavailable'],
  ['callModel', 'HEARTBEAT', 'ModelUnavailable'],
  ['runTool', 'SCHEDULE_TO_START', 'RunnerUnavailable'],
  ['runTool', 'HEARTBEAT', 'ToolOutcomeUnknown'],
  ['provisionSandbox', 'SCHEDULE_TO_START', 'RunnerUnavailable'],
  ['placeSandbox', 'SCHEDULE_TO_CLOSE', 'RunnerUnavailable'],
  ['resolveScopeAccess', 'SCHEDULE_TO_CLOSE', 'Internal'],
])('%s that ran out of %s is %s', (activity, timeout, type) => {
  expect(failureTypeOf(failed(activity, timedOut(timeout)))).toBe(type);
});

test.each([new Error('a mistake of ours'), failed('callModel', ApplicationFailure.create({ type: 'TypeError' }))])(
  'what nobody has classified is Internal: %s',
  (error) => {
    expect(failureTypeOf(error)).toBe('Internal');
  },
);

test('every failure that operators read about is one that some code names', () => {
  const rooms = ['activities', 'agent', 'workflows'];
  const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', ...rooms], {
    cwd: ROOT,
    encoding: 'utf8',
  })
    .split('\n')
    .filter(Boolean);
  const code = files.map((file) => readFileSync(path.join(ROOT, file), 'utf8')).join('\n');
  expect(TYPES.filter((type) => !code.includes(`'${type}'`))).toEqual([]);
});
